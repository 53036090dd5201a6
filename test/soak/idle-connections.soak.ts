import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startSoakGateway } from './soak-gateway.ts'
import { startUpstream } from './start-load.ts'

const CONNECTIONS = 10_000
const AT_ONCE = 200
const MOST_MB = 150

/** Opens a connection, and resolves when a request over it has been answered; it stays open. */
function openIdle(t: TestContext, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    socket.once('error', reject)
    socket.once('data', () => resolve(socket))
    socket.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  })
}

test(`${CONNECTIONS} idle connections`, { timeout: 120_000 }, async (t) => {
  const upstream = await startUpstream(t)
  const endpoints = [{ endpoint: '/x', backend: [{ host: [upstream], url_pattern: '/' }] }]
  const router = { disable_access_log: true }
  const gateway = await startSoakGateway(t, {
    'krakend.json': { version: 3, listen_ip: '127.0.0.1', extra_config: { router }, endpoints },
  })
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 500 }, () => gateway.get('/x'))) // compiled, heaps grown
  await delay(1000)
  const before = gateway.rssMb()
  const sockets: Socket[] = []
  let left = CONNECTIONS
  const worker = async () => {
    while (left-- > 0) sockets.push(await openIdle(t, gateway.port))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await delay(1000)
  const after = gateway.rssMb()
  assert.equal(sockets.filter(({ destroyed }) => !destroyed).length, CONNECTIONS)
  const cost = after - before
  t.diagnostic(
    `${before.toFixed(0)} MB before, ${after.toFixed(0)} MB with them: ${((cost * 1024) / CONNECTIONS).toFixed(1)} kB each`,
  )
  assert.ok(cost < MOST_MB, `${cost.toFixed(0)} MB`)
  assert.equal(await gateway.get('/x'), '{"a":1}')
})
