import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILDS, startExample } from '../start-example.ts'

const ADA = { headers: { 'X-Tenant': 'acme' } }

test('the request modifier tells the upstream the tenant, and refuses requests without one', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const { url } = (await gateway.request('/echo', ADA)).json() as { url: string }
  assert.equal(url, '/echo?tenant=acme')

  const refused = await gateway.request('/users/ada')
  assert.deepEqual([refused.status, refused.body], [403, 'which tenant?'])
  await gateway.log.find(/WARNING.*\[PLUGIN: request-response-modifier\] GET \/users\/ada came without a tenant/)
})

test('the response modifier hides what it is told to', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  assert.deepEqual((await gateway.request('/users/ada', ADA)).json(), { name: 'Ada Lovelace' })
  await gateway.log.find(/DEBUG.*\[PLUGIN: request-response-modifier\] password_hash is hidden/)
})
