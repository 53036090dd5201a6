import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'
import { countWaitingContexts } from './support/waiting-contexts.ts'

const REQUESTS = 2_000
const AT_ONCE = 40
/** A client breaks off after the request was sent; the others wait for what comes. */
const KINDS = ['ok', 'fails', 'breaks', 'late', 'gone', 'stream', 'cut', 'gone-stream'] as const

test('after many requests of all fates nothing is left of them', async (t) => {
  const contexts = countWaitingContexts(t)
  const open = new Set<number>() // connections with a call that has no whole answer
  const upstream = await startRawBackend(t, ({ socket, connection, head, request }) => {
    open.add(connection)
    const done = () => void open.delete(connection)
    if (request === 0) socket.once('close', done)
    const answer = (text: string) => {
      done()
      socket.write(text)
    }
    if (head.includes('/ok')) answer(jsonAnswer('{"a":1}'))
    else if (head.includes('/fails')) answer('HTTP/1.1 503 Oh\r\nContent-Length: 0\r\n\r\n')
    else if (head.includes('/breaks')) socket.destroy()
    else if (head.includes('/stream')) answer(jsonAnswer('some text'))
    else if (head.includes('/cut')) socket.end('HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\ncut')
    else if (head.includes('/gone-stream')) socket.write('HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nfirst')
  })
  const shapes = (path: string) => [
    { backend: [{ url_pattern: path }] },
    { backend: [{ url_pattern: '/ok' }, { url_pattern: path }] },
    { backend: [{ url_pattern: '/ok' }, { url_pattern: path }], extra_config: { proxy: { sequential: true } } },
    { concurrent_calls: 2, backend: [{ url_pattern: path }] },
    { backend: [{ url_pattern: '/ok' }, { url_pattern: path, extra_config: { proxy: { shadow: true } } }] },
  ]
  // That the client has gone is all that ends these: their time does not.
  const endless = (kind: string) => (kind === 'gone-stream' ? { timeout: '1h' } : {})
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], timeout: '60ms' },
    endpoints: KINDS.flatMap((kind): object[] =>
      kind.includes('stream') || kind === 'cut'
        ? [
            {
              endpoint: `/${kind}/0`,
              output_encoding: 'no-op',
              ...endless(kind),
              backend: [{ url_pattern: `/${kind}` }],
            },
          ]
        : shapes(`/${kind}`).map((shape, i) => ({ endpoint: `/${kind}/${i}`, ...shape })),
    ),
  })

  const send = async (i: number) => {
    const kind = KINDS[i % KINDS.length] ?? 'ok'
    const target = `/${kind}/${kind.includes('stream') || kind === 'cut' ? 0 : Math.floor(i / KINDS.length) % 5}`
    if (!kind.startsWith('gone')) return void (await gateway.request(target).catch(() => {}))
    const client = gateway.connect()
    client.write(`GET ${target} HTTP/1.1\r\nHost: g\r\n\r\n`)
    if (kind === 'gone-stream') await client.until(/first/)
    client.reset()
    await client.closed
  }
  let next = 0
  const worker = async () => {
    while (next < REQUESTS) await send(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))

  assert.ok(contexts.entered >= REQUESTS / 2)
  // The last calls end with their time at the latest.
  while (open.size > 0) await Promise.race(upstream.closed.filter((_, connection) => open.has(connection)))
  while (gateway.listener.active > 0 || contexts.waiting > 0) await new Promise(setImmediate)
  assert.equal(gateway.listener.active, 0)
  assert.equal(contexts.waiting, 0)
})
