import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { type JsonObject, startThreads } from './support/start-threads.ts'

function configFor(upstream: string, router: JsonObject, proxy: JsonObject = {}, timeout = '10s'): JsonObject {
  const backend = [{ host: [upstream], url_pattern: '/' }]
  const called = [{ host: [upstream], url_pattern: '/', extra_config: { 'qos/ratelimit/proxy': proxy } }]
  return {
    listen_ip: '127.0.0.1',
    timeout,
    endpoints: [
      { endpoint: '/all', backend, extra_config: { 'qos/ratelimit/router': router } },
      {
        endpoint: '/each',
        backend,
        extra_config: {
          'qos/ratelimit/router': {
            ...{ client_max_rate: 1, every: '1h', client_capacity: 10, strategy: 'header', key: 'X-User' },
          },
        },
      },
      { endpoint: '/backend', backend: called },
    ],
  }
}

const ALL = { max_rate: 1, every: '1h', capacity: 100 }
const CALLS = { max_rate: 1, every: '1h', capacity: 20 }

test('limits hold for all threads together, and over a reload that does not change them', {
  timeout: 30_000,
}, async (t) => {
  const { url } = await startBackend(t, { '/': { json: {} } })
  const { supervisor, reload } = await startThreads(t, configFor(url, ALL, CALLS))
  /** How many of some requests pass, each on a connection of its own, so that both threads get some. */
  const passed = async (requests: number, target: string, user = '') => {
    const headers = user === '' ? {} : { 'X-User': user }
    let count = 0
    let open = requests
    const client = async () => {
      while (open-- > 0) if ((await request(supervisor.port, target, { headers })).status === 200) count++
    }
    await Promise.all(Array.from({ length: 8 }, client))
    return count
  }
  assert.equal(await passed(60, '/all'), 60)
  assert.equal(await passed(15, '/each', 'ann'), 10)
  assert.equal(await passed(30, '/backend'), 20)

  await reload(configFor(url, ALL, CALLS, '9s'))
  assert.equal(await passed(100, '/all'), 40)
  assert.equal(await passed(10, '/each', 'ann'), 0)
  assert.equal(await passed(15, '/each', 'bob'), 10)
  assert.equal(await passed(10, '/backend'), 0)

  await reload(configFor(url, { ...ALL, capacity: 30, headers: true }, CALLS))
  assert.equal(await passed(50, '/all'), 30, 'another limit begins anew')
  await reload(configFor(url, { ...ALL, capacity: 30 }, CALLS))
  assert.equal(await passed(10, '/all'), 0, 'header fields do not change the limit')
})
