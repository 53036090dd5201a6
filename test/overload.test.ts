import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { definePlugin } from '../src/sdk/define-plugin.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

/** An upstream that answers when it is told to, and a gateway that takes on two requests at once. */
async function start(t: TestContext, config: object = {}) {
  const held: (() => void)[] = []
  let arrived = () => {}
  const hold: Reply = (_, response) => {
    held.push(() => response.end('{"a":1}'))
    arrived()
  }
  const backend = await startBackend(t, { '*': hold })
  const gateway = await startGateway(t, {
    host: [backend.url],
    timeout: '1h',
    max_concurrent_requests: 2,
    endpoints: ['GET', 'POST'].map((method) => ({ endpoint: '/x', method, backend: [{ url_pattern: '/' }] })),
    ...config,
  })
  /** Resolves when so many calls are at the upstream. */
  const reached = (count: number) =>
    new Promise<void>((resolve) => {
      arrived = () => held.length >= count && resolve()
      arrived()
    })
  const release = () => {
    for (const answer of held.splice(0)) answer()
  }
  return { gateway, backend, held, reached, release }
}

async function fill({ gateway }: { gateway: StartedGateway }, reached: (count: number) => Promise<void>) {
  const taken = [gateway.request('/x'), gateway.request('/x')]
  await reached(2)
  return taken
}

test('what is beyond max_concurrent_requests gets 503 with Retry-After, and the connection goes on', async (t) => {
  const { gateway, backend, reached, release } = await start(t, { max_queue_time: '-1s' })
  const taken = await fill({ gateway }, reached)
  const client = gateway.connect()
  for (let i = 1; i <= 3; i++) {
    client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
    const received = await client.until({ test: (text: string) => text.split('at once\n').length > i } as RegExp)
    assert.match(received, /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: 1\r\n[\s\S]*too many requests at once\n$/)
  }
  assert.equal(backend.received.length, 2)
  release()
  for (const answer of taken) assert.equal((await answer).status, 200)
  client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  await reached(1)
  release()
  await client.until(/\{"a":1\}$/)
  await gateway.log.find(/WARNING: .*overload: 1 requests refused with 503, for 2 are being answered/)
})

test('one waits for a place, and gets it', async (t) => {
  const { gateway, reached, release } = await start(t, { max_queue_time: '1h' })
  const taken = await fill({ gateway }, reached)
  const waiting = gateway.connect()
  waiting.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\nGET /__health HTTP/1.1\r\nHost: g\r\n\r\n')
  await gateway.request('/__health') // what came before it has been looked at
  assert.equal(gateway.listener.active, 2)
  release()
  await reached(1)
  release()
  const received = await waiting.until(/"status":"ok"/)
  assert.match(received, /\{"a":1\}HTTP\/1\.1 200 OK/, 'in the order of the connection')
  for (const answer of taken) assert.equal((await answer).status, 200)
})

test('one that has waited for max_queue_time gets 503', async (t) => {
  const { gateway, backend, reached, release } = await start(t, { max_queue_time: '30ms' })
  const taken = await fill({ gateway }, reached)
  assert.equal((await gateway.request('/x')).status, 503)
  assert.equal(backend.received.length, 2)
  release()
  await Promise.all(taken)
})

test('no more wait than are taken on', async (t) => {
  const { gateway, reached, release } = await start(t, { max_queue_time: '1h' })
  const taken = await fill({ gateway }, reached)
  const more = Array.from({ length: 3 }, () => gateway.request('/x'))
  const { status } = await Promise.race(more)
  assert.equal(status, 503)
  release()
  await reached(2)
  release()
  const statuses = (await Promise.all([...taken, ...more])).map((answer) => answer.status)
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, 200, 200, 200, 503],
  )
})

test('one whose client has gone takes no place', async (t) => {
  const { gateway, backend, reached, release } = await start(t, { max_queue_time: '1h' })
  const taken = await fill({ gateway }, reached)
  const client = gateway.connect()
  client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  await gateway.request('/__health')
  client.reset()
  await client.closed
  await gateway.request('/__health')
  release()
  await Promise.all(taken)
  assert.equal(backend.received.length, 2)
  assert.equal(gateway.listener.active, 0)
})

test('a body that is not read is no reason for a reset: its client reads the 503', async (t) => {
  const { gateway, reached, release } = await start(t, { max_queue_time: -1 })
  const taken = await fill({ gateway }, reached)
  const client = gateway.connect()
  client.write('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 10000000\r\n\r\n')
  for (let i = 0; i < 10; i++) client.write('x'.repeat(100_000))
  assert.match(await client.closed, /^HTTP\/1\.1 503 [\s\S]*connection: close/i)
  release()
  await Promise.all(taken)
})

test('the health endpoint answers all the same', async (t) => {
  const { gateway, reached, release } = await start(t, { max_queue_time: -1 })
  const taken = await fill({ gateway }, reached)
  assert.equal((await gateway.request('/__health')).status, 200)
  release()
  await Promise.all(taken)
})

test('0 is no limit', async (t) => {
  const { gateway, reached, release } = await start(t, { max_concurrent_requests: 0 })
  const taken = Array.from({ length: 50 }, () => gateway.request('/x'))
  await reached(50)
  release()
  for (const answer of taken) assert.equal((await answer).status, 200)
})

test('a drain lets those that wait have their answers', async (t) => {
  const { gateway, reached, release } = await start(t, { max_queue_time: '1h' })
  const taken = await fill({ gateway }, reached)
  const waiting = gateway.request('/x')
  await gateway.request('/__health')
  const closed = gateway.listener.close()
  release()
  await reached(1)
  release()
  assert.equal((await waiting).status, 200)
  await Promise.all([...taken, closed])
})

test('a thread with more to do than it can refuses what it reads late, and takes everything again afterwards', async (t) => {
  const spins = definePlugin({
    name: 'spins',
    modifier: () => ({
      request() {
        for (const end = performance.now() + 20; performance.now() < end; );
      },
    }),
  })
  const backend = await startBackend(t, { '*': { json: { a: 1 } } })
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      timeout: '1h',
      endpoints: [
        {
          endpoint: '/x',
          backend: [{ url_pattern: '/', extra_config: { 'plugin/req-resp-modifier': { name: ['spins'] } } }],
        },
      ],
    },
    { plugins: [spins] },
  )
  const clients = Array.from({ length: 150 }, () => gateway.connect())
  const ask = async (path: string, answer: RegExp) => {
    for (const client of clients) client.write(`GET ${path} HTTP/1.1\r\nHost: g\r\n\r\n`)
    return await Promise.all(clients.map((client) => client.until(answer)))
  }
  await ask('/__health', /"status":"ok"/)
  const answers = await ask('/x', /(?:\{"a":1\}|at once\n)$/)
  const refused = answers.filter((text) => /HTTP\/1.1 503 [\s\S]*\r\nRetry-After: 1\r\n/.test(text))
  assert.ok(refused.length > 0)
  assert.equal(answers.filter((text) => text.endsWith('{"a":1}')).length, answers.length - refused.length)
  assert.equal(backend.received.length, answers.length - refused.length)
  await gateway.log.find(/WARNING: .*requests refused with 503, for more come than this thread can .*max_queue_time/)
  for (let i = 0; i < 3; i++) assert.equal((await gateway.request('/x')).status, 200)
})
