import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILDS, startExample } from '../start-example.ts'
import { signToken } from '../upstream.ts'

const LATER = Math.floor(Date.now() / 1000) + 3600
const bearer = (token: string, more: Record<string, string> = {}) => ({
  headers: { ...more, Authorization: `Bearer ${token}` },
})

test('jwt-forwarder hands claims on in place of the token', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const answer = await gateway.request('/echo', bearer(signToken({ sub: 'ada', exp: LATER }), { 'X-Team': 'forged' }))
  assert.equal(answer.status, 200)
  const { headers } = answer.json() as { headers: Record<string, string> }
  assert.equal(headers['x-user'], 'ada')
  assert.equal(headers['x-team'], undefined, 'what the token does not say cannot be said by the client')
  assert.equal(headers.authorization, undefined)
})

test('it refuses what the keys do not verify', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const token = signToken({ sub: 'ada', exp: LATER })
  const [head = '', , signature = ''] = token.split('.')
  const forged = `${head}.${Buffer.from(JSON.stringify({ sub: 'root', exp: LATER })).toString('base64url')}.${signature}`
  assert.equal((await gateway.request('/echo', bearer(forged))).status, 401)
  assert.equal((await gateway.request('/echo', bearer(signToken({ sub: 'ada', exp: 1 })))).status, 401)
  const without = await gateway.request('/echo')
  assert.deepEqual([without.status, without.body], [401, 'a token is required'])
  await gateway.log.find(/WARNING.*\[PLUGIN: jwt-forwarder\] refused: the signature does not fit/)
})

test('the keys are fetched in the background, until the gateway closes', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname, (config) =>
    JSON.parse(JSON.stringify(config).replace('"15m"', '"20ms"')),
  )
  await gateway.log.findAll(/1 keys fetched/, 3)
  await gateway.gateway.close()
  await gateway.log.find(/no more keys are fetched/)
})
