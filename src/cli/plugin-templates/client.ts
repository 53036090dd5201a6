import { EXAMPLE_TEST, type PluginTemplate } from './template.ts'

const SOURCE = `import { createHmac } from 'node:crypto'
import { definePlugin, Type } from 'loligo/plugin'

/** Signs what is sent to a backend, so that the backend knows that the gateway sent it. */
export const plugin = definePlugin({
  // What the configuration calls it, and the key of its options there.
  name: 'NAME',
  version: '0.1.0',

  // Checked before the gateway starts; what is not configured has its default here.
  options: Type.Object({
    secret: Type.String({ minLength: 1, description: 'What the gateway and the backend both know' }),
    header: Type.String({ default: 'X-Signature', description: 'The header that holds the signature' }),
  }),

  // Runs once for each backend that names the plugin, when the gateway is built.
  client:
    ({ secret, header }) =>
    // Runs for every call. next is the HTTP client of the gateway; leave it out to answer in its place.
    (next) =>
    async (request, context) => {
      // Reading a body does not take it away from what follows.
      const body = await request.bytes()
      const signature = createHmac('sha256', secret).update(request.method + ' ' + request.url + '\\n').update(body)
      request.headers.set(header, signature.digest('hex'))
      return await next(request, context)
    },
})
`

const TEST = `import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestGateway } from 'loligo/testing'
import { plugin } from './index.EXTENSION'

const config = {
  endpoints: [
    {
      endpoint: '/orders',
      method: 'POST',
      backend: [
        {
          host: ['http://orders.test'],
          url_pattern: '/v1/orders',
          extra_config: { 'plugin/http-client': { name: 'NAME', NAME: { secret: 'for tests' } } },
        },
      ],
    },
  ],
}

test('a call is signed with its body, and the body arrives', async (t) => {
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams: { '*': { json: { id: 1 } } } })
  const answer = await gateway.fetch('/orders', { method: 'POST', json: { item: 'squid' } })
  assert.deepEqual(await answer.json(), { id: 1 })
  const [call] = gateway.calls('http://orders.test')
  assert.equal(call?.body, '{"item":"squid"}')
  const expected = createHmac('sha256', 'for tests').update('POST http://orders.test/v1/orders\\n{"item":"squid"}')
  assert.equal(call.headers.get('X-Signature'), expected.digest('hex'))
})

test('without a secret the gateway does not start', async () => {
  const backend = { host: ['http://a.test'], url_pattern: '/', extra_config: { 'plugin/http-client': { name: 'NAME' } } }
  const without = { endpoints: [{ endpoint: '/a', backend: [backend] }] }
  await assert.rejects(createTestGateway({ config: without, plugins: [plugin] }), /secret/)
})
${EXAMPLE_TEST}`

/** A client plugin that signs. */
export const clientTemplate: PluginTemplate = {
  kind: 'client',
  purpose: 'Signs what is sent to a backend, so that the backend knows that the gateway sent it.',
  options: [
    ['secret', '(required)', 'what the gateway and the backend both know'],
    ['header', '`"X-Signature"`', 'the header that holds the signature (HMAC-SHA-256 of method, URL and body)'],
  ],
  source: SOURCE,
  test: TEST,
  level: 'backend',
  exampleOptions: { secret: 'change me' },
}
