import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BUILDS, startExample } from '../start-example.ts'

function withToken(t: TestContext): void {
  process.env.SERVICE_TOKEN = 'secret'
  t.after(() => delete process.env.SERVICE_TOKEN)
}

/** The configuration with other permissions for the plugin. */
const permitting = (permissions: object) => (config: Record<string, unknown>) => ({
  ...config,
  plugin: { ...(config.plugin as object), settings: { 'default-client': { permissions } } },
})

test('default-client calls the upstream with a header of its own', BUILDS, async (t) => {
  withToken(t)
  const gateway = await startExample(t, import.meta.dirname)
  const answer = await gateway.request('/echo')
  assert.equal(answer.status, 200)
  const { headers } = answer.json() as { headers: Record<string, string> }
  assert.equal(headers['x-service-token'], 'secret')
})

test('a variable that it is not granted is not there', BUILDS, async (t) => {
  withToken(t)
  await assert.rejects(
    startExample(t, import.meta.dirname, permitting({ hosts: ['*'] })),
    /default-client.*the environment has no SERVICE_TOKEN/,
  )
})

test('a host that it is not granted cannot be called, and the log says why', BUILDS, async (t) => {
  withToken(t)
  const gateway = await startExample(t, import.meta.dirname, permitting({ hosts: ['example.com'], env: ['SERVICE_*'] }))
  assert.equal((await gateway.request('/echo')).status, 500)
  await gateway.log.find(/ERROR.*\[PLUGIN: default-client\] Get .* connect: permission denied/)
  await gateway.log.find(/WARNING.*was denied 127\.0\.0\.1:\d+: plugin\.settings grants it no such "hosts"/)
})
