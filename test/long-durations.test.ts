import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const KEYS = [
  'dialer_fallback_delay',
  'dialer_keep_alive',
  'dialer_timeout',
  'dns_cache_ttl',
  'idle_connection_timeout',
  'max_shutdown_wait_time',
  'response_header_timeout',
]

for (const key of KEYS) {
  test(`${key} may be longer than a timer can be`, { timeout: 5_000 }, async (t) => {
    const warnings: string[] = []
    const note = ({ name }: Error) => void warnings.push(name)
    process.on('warning', note)
    t.after(() => process.off('warning', note))
    const upstream = await startBackend(t, { '/up': (_, response) => setImmediate(() => response.end('{"a":1}')) })
    const { request, gateway } = await startGateway(t, {
      [key]: '1000h',
      host: [upstream.url],
      endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up' }] }],
    })
    assert.equal((await request('/a')).body, '{"a":1}')
    assert.deepEqual(warnings, [])
    const { server, upstream: options } = gateway.config
    const times = [...Object.values(server), ...Object.values(options)].filter((value) => typeof value === 'number')
    for (const time of times) assert.ok(time < 2 ** 31, `${time} ms`)
  })
}
