import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILDS, startExample } from '../start-example.ts'

test('hello-handler serves one path itself, and lets all others pass', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const answer = await gateway.request('/hello?name=Ada')
  assert.equal(answer.status, 200)
  assert.equal(answer.header('Content-Type'), 'text/plain; charset=utf-8')
  assert.equal(answer.header('X-Krakend'), null, 'the router has not seen it')
  assert.equal(answer.body, 'Good morning, Ada!\n')
  assert.equal((await gateway.request('/hello')).body, 'Good morning, stranger!\n')

  const passed = await gateway.request('/users/ada')
  assert.deepEqual([passed.status, passed.json()], [200, { name: 'Ada Lovelace' }])
  assert.equal((await gateway.request('/nothing')).status, 404)
  await gateway.log.find(/DEBUG.*\[PLUGIN: hello-handler\] serves \/hello/)
})

test('without its configuration the gateway does not start', BUILDS, async (t) => {
  const start = startExample(t, import.meta.dirname, (config) => ({
    ...config,
    extra_config: { 'plugin/http-server': { name: ['hello-handler'] } },
  }))
  await assert.rejects(start, /hello-handler.*configuration not found/)
})
