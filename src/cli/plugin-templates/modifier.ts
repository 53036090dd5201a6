import { EXAMPLE_TEST, type PluginTemplate } from './template.ts'

const SOURCE = `import { definePlugin, Type } from 'loligo/plugin'

/** Tells backends which gateway asks, and hides fields of their data from clients. */
export const plugin = definePlugin({
  // What the configuration calls it, and the key of its options there.
  name: 'NAME',
  version: '0.1.0',

  // Checked before the gateway starts; what is not configured has its default here.
  options: Type.Object({
    header: Type.String({ default: 'X-Gateway', description: 'The header that backends get' }),
    fields: Type.Array(Type.String(), { description: 'The fields to hide' }),
    mask: Type.String({ default: '***', description: 'What stands in their place' }),
  }),

  // Runs once for each place that names the plugin, when the gateway is built. Either hook may be left out.
  modifier: ({ header, fields, mask }, { config }) => ({
    // Before the backends are called: change the request, or return an answer so that nothing is called.
    request: (request) => {
      request.headers.set(header, config.service)
    },

    // After they have answered: change the data, or return other data.
    response: ({ data }) => {
      if (data === null) return
      for (const field of fields) if (field in data) data[field] = mask
    },
  }),
})
`

const TEST = `import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestGateway } from 'loligo/testing'
import { plugin } from './index.EXTENSION'

const config = {
  name: 'shop',
  endpoints: [
    {
      endpoint: '/users/{id}',
      backend: [{ host: ['http://users.test'], url_pattern: '/users/{id}' }],
      extra_config: { 'plugin/req-resp-modifier': { name: ['NAME'], NAME: { fields: ['password'] } } },
    },
  ],
}

test('backends learn who asks, clients see no hidden field', async (t) => {
  const gateway = await createTestGateway({
    t,
    config,
    plugins: [plugin],
    upstreams: { 'http://users.test': { 'GET /users/{id}': ({ params }) => ({ json: { id: params.id, password: 'x' } }) } },
  })
  const answer = await gateway.fetch('/users/7')
  assert.deepEqual(await answer.json(), { id: '7', password: '***' })
  assert.equal(gateway.calls('http://users.test')[0]?.headers.get('X-Gateway'), 'shop')
})

test('data without the field stays as it is', async (t) => {
  const upstreams = { 'http://users.test': { json: { id: 7 } } }
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams })
  assert.deepEqual(await (await gateway.fetch('/users/7')).json(), { id: 7 })
})
${EXAMPLE_TEST}`

/** A modifier with both hooks. */
export const modifierTemplate: PluginTemplate = {
  kind: 'modifier',
  purpose: 'Tells backends which gateway asks, and hides fields of their data from clients.',
  options: [
    ['fields', '(required)', 'the names of the fields to hide'],
    ['mask', '`"***"`', 'what stands in their place'],
    ['header', '`"X-Gateway"`', 'the header that backends get; its value is the `name` of the service'],
  ],
  source: SOURCE,
  test: TEST,
  level: 'endpoint',
  exampleOptions: { fields: ['req_uri'] },
}
