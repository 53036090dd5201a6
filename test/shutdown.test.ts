import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/client.ts'
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
