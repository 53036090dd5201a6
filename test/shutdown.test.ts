import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { connectRaw, request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'
import { startBackend } from './support/start-backend.ts'

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} lets the requests under way finish, and ends with 0`, { timeout: 10_000 }, async (t) => {
    const reached = Promise.withResolvers<void>()
    let finish = () => {}
    const backend = await startBackend(t, {
      '/slow': (_, response) => {
        finish = () => response.end('{"done":true}')
        reached.resolve()
      },
    })
    const config = {
      version: 3,
      listen_ip: '127.0.0.1',
      timeout: '1h',
      endpoints: [{ endpoint: '/slow', backend: [{ host: [backend.url], url_pattern: '/slow' }] }],
    }
    const folder = folderWith(t, { 'krakend.json': config })
    const command = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], { LOLIGO_THREADS: '2' })
    const port = await command.listening()
    const answer = request(port, '/slow')
    await reached.promise
    command.signal(signal)
    await command.lines.find(/Waiting for about 1 requests|Signal intercepted/)
    finish()
    assert.deepEqual((await answer).json(), { done: true })
    const { code, output } = await command.end
    assert.equal(code, 0)
    assert.match(output, /\[GIN\].* \| 200 \| .*"\/slow"/)
    assert.match(output, /Router execution ended/)
    await assert.rejects(request(port, '/__health'), /ECONNREFUSED/)
  })
}

test('max_shutdown_wait_time ends what takes longer', { timeout: 10_000 }, async (t) => {
  const reached = Promise.withResolvers<void>()
  const backend = await startBackend(t, { '*': () => reached.resolve() })
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    timeout: '1h',
    max_shutdown_wait_time: '200ms',
    endpoints: [{ endpoint: '/never', backend: [{ host: [backend.url], url_pattern: '/' }] }],
  }
  const command = runCommand(t, folderWith(t, { 'krakend.json': config }), ['run', '-c', 'krakend.json', '-p', '0'])
  const answer = request(await command.listening(), '/never')
  await reached.promise
  command.signal('SIGTERM')
  await assert.rejects(answer)
  assert.equal((await command.end).code, 0)
})

test('a connection that is kept open does not hold up the end', { timeout: 10_000 }, async (t) => {
  const folder = folderWith(t, { 'krakend.json': { version: 3, listen_ip: '127.0.0.1' } })
  const command = runCommand(t, folder, ['run', '-d', '-c', 'krakend.json', '-p', '0'])
  const port = await command.listening()
  const response = await fetch(`http://127.0.0.1:${port}/__debug/x`)
  assert.deepEqual(await response.json(), { message: 'pong' })
  command.signal('SIGTERM')
  assert.equal((await command.end).code, 0)
})

test('SIGTERM under load loses no request on a connection that is kept', { timeout: 20_000 }, async (t) => {
  const backend = await startBackend(t, { '*': (_, response) => void setTimeout(() => response.end('{"a":1}'), 5) })
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    endpoints: [{ endpoint: '/x', backend: [{ host: [backend.url], url_pattern: '/' }] }],
  }
  const folder = folderWith(t, { 'krakend.json': config })
  const command = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], { LOLIGO_THREADS: '2' })
  const port = await command.listening()
  let answered = 0
  let lost = 0
  const busy = Promise.withResolvers<void>()
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let closes = false; !closes; ) {
      const answer = await request(port, '/x', { agent }).catch(() => null)
      if (answer?.status === 200) answered++
      else lost++
      closes = answer === null || answer.header('connection') === 'close'
      if (answered > 200) busy.resolve()
    }
    agent.destroy()
  }
  const clients = Array.from({ length: 30 }, client)
  await busy.promise
  command.signal('SIGTERM')
  await Promise.all(clients)
  const { code } = await command.end
  assert.deepEqual({ code, lost }, { code: 0, lost: 0 })
})

test('a request that is on its way when the signal comes is answered', { timeout: 10_000 }, async (t) => {
  const folder = folderWith(t, { 'krakend.json': { version: 3, listen_ip: '127.0.0.1' } })
  const command = runCommand(t, folder, ['run', '-d', '-c', 'krakend.json', '-p', '0'])
  const client = connectRaw(t, await command.listening())
  const head = 'GET /__debug/x HTTP/1.1\r\nHost: g\r\n\r\n'
  client.write(head)
  await client.until(/pong"\}$/)
  command.signal('SIGTERM')
  await command.lines.find(/Signal intercepted/)
  client.write(head)
  assert.match(await client.closed, /pong"\}HTTP\/1\.1 200 OK[\s\S]*pong"\}$/)
  assert.equal((await command.end).code, 0)
})

test('a second SIGTERM ends at once', { timeout: 10_000 }, async (t) => {
  const reached = Promise.withResolvers<void>()
  const backend = await startBackend(t, { '*': () => reached.resolve() })
  const endpoints = [{ endpoint: '/never', backend: [{ host: [backend.url], url_pattern: '/' }] }]
  const config = { version: 3, listen_ip: '127.0.0.1', timeout: '1h', endpoints }
  const command = runCommand(t, folderWith(t, { 'krakend.json': config }), ['run', '-c', 'krakend.json', '-p', '0'])
  const answer = request(await command.listening(), '/never')
  await reached.promise
  command.signal('SIGTERM')
  await command.lines.find(/Waiting for about|Signal intercepted/)
  const again = setInterval(() => command.signal('SIGTERM'), 100) // what comes too soon is the same signal
  t.after(() => clearInterval(again))
  await assert.rejects(answer)
  assert.equal((await command.end).code, 143)
})

test('shutdown_delay: probes are told, and everything else goes on until it has passed', {
  timeout: 10_000,
}, async (t) => {
  const config = { version: 3, listen_ip: '127.0.0.1', shutdown_delay: '1s', debug_endpoint: true }
  const folder = folderWith(t, { 'krakend.json': config })
  const command = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], { LOLIGO_THREADS: '2' })
  const port = await command.listening()
  assert.equal((await request(port, '/__health')).status, 200)
  command.signal('SIGTERM')
  await command.lines.find(/Serving for 1000 ms more/)
  let health = await request(port, '/__health')
  while (health.status === 200) health = await request(port, '/__health') // until all threads have been told
  assert.deepEqual([health.status, health.json()], [503, { status: 'stopping' }])
  assert.equal((await request(port, '/__debug/x')).status, 200)
  assert.equal((await command.end).code, 0)
  await assert.rejects(request(port, '/__health'), /ECONNREFUSED/)
})
