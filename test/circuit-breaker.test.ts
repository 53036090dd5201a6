import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { startThreads } from './support/start-threads.ts'

const NAMESPACE = 'qos/circuit-breaker'

function endpoint(host: string, path: string, options: object, more: object = {}, backendMore: object = {}) {
  const backend = { host: [host], url_pattern: path, extra_config: { [NAMESPACE]: options }, ...backendMore }
  return { endpoint: path, backend: [backend], ...more }
}

describe('the circuit breaker', () => {
  test('refuses without a call, and says why where the configuration lets it', async (t) => {
    const backend = await startBackend(t, { '/f': { status: 500 } })
    const gateway = await startGateway(t, {
      endpoints: [endpoint(backend.url, '/f', { max_errors: 1, name: 'f', log_status_change: true })],
      extra_config: { router: { return_error_msg: true } },
    })
    for (let i = 0; i < 2; i++) assert.equal((await gateway.request('/f')).body, 'invalid status code 500')
    const refused = await gateway.request('/f')
    assert.equal(refused.status, 500)
    assert.equal(refused.body, 'circuit breaker is open')
    assert.equal(refused.header('x-krakend-completed'), 'false')
    assert.equal(backend.received.length, 2)
    const text = gateway.log.all.join('\n')
    assert.match(text, /\[BACKEND: GET \/f -> \/f\] \[CB\] Creating the circuit breaker named 'f'/)
    assert.match(text, /WARNING.*\[CB\] Circuit breaker named 'f' went from 'closed' to 'open'/)
  })

  test('counts a failing status that is shown as data', async (t) => {
    const backend = await startBackend(t, { '/f': { status: 500, json: {} } })
    const http = { 'backend/http': { return_error_details: 'f' } }
    const extra = { extra_config: { [NAMESPACE]: { max_errors: 1, name: 'f' }, ...http } }
    const gateway = await startGateway(t, { endpoints: [endpoint(backend.url, '/f', {}, {}, extra)] })
    for (let i = 0; i < 2; i++) assert.equal((await gateway.request('/f')).status, 200)
    assert.equal((await gateway.request('/f')).status, 500)
    assert.equal(backend.received.length, 2)
  })

  test('counts a timeout, but not that the client went away', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<void>()
    const backend = await startBackend(t, {
      '/slow': (_, response) => {
        arrived.resolve()
        response.on('close', gone.resolve)
      },
      '/timeout': () => {},
    })
    const gateway = await startGateway(t, {
      endpoints: [
        endpoint(backend.url, '/slow', { timeout: 60 }, { timeout: '10s' }),
        endpoint(backend.url, '/timeout', { timeout: 60 }, { timeout: '50ms' }),
      ],
    })
    const client = gateway.connect()
    client.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    await arrived.promise
    client.reset()
    await gone.promise
    const second = gateway.connect()
    second.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    while (backend.received.length < 2) await new Promise(setImmediate)
    await gateway.request('/timeout')
    await gateway.request('/timeout')
    assert.equal(backend.received.filter(({ target }) => target === '/timeout').length, 1)
  })

  test('does not count concurrent calls that lost', async (t) => {
    let calls = 0
    const backend = await startBackend(t, {
      '/c': (_, response) => {
        if (++calls % 2 === 0) response.setHeader('Content-Type', 'application/json').end('{}')
      },
    })
    const more = { concurrent_calls: 2, timeout: '5s' }
    const gateway = await startGateway(t, { endpoints: [endpoint(backend.url, '/c', { timeout: 60 }, more)] })
    for (let i = 0; i < 3; i++) assert.equal((await gateway.request('/c')).status, 200)
    assert.equal(calls, 6)
  })

  test('is not there without options, and the log says so', async (t) => {
    const backend = await startBackend(t, { '/f': { status: 500 } })
    const gateway = await startGateway(t, { endpoints: [endpoint(backend.url, '/f', {})] })
    for (let i = 0; i < 3; i++) await gateway.request('/f')
    assert.equal(backend.received.length, 3)
    assert.match(gateway.log.all.join('\n'), /WARNING.*sets no option, so there is no circuit breaker/)
  })

  test('is one for all threads, and stays what it is when a reload leaves it unchanged', async (t) => {
    const backend = await startBackend(t, { '/f': { status: 500 }, '/new': { json: {} } })
    const endpoints = [endpoint(backend.url, '/f', { max_errors: 3, timeout: 60 })]
    const { request, reload } = await startThreads(t, { listen_ip: '127.0.0.1', endpoints })
    for (let i = 0; i < 12; i++) assert.equal((await request('/f')).status, 500)
    assert.equal(backend.received.length, 4)
    const added = { endpoint: '/new', backend: [{ host: [backend.url], url_pattern: '/new' }] }
    await reload({ listen_ip: '127.0.0.1', endpoints: [added, ...endpoints] })
    assert.equal((await request('/new')).status, 200)
    await request('/f')
    assert.equal(backend.received.length, 5)
  })
})
