import { EXAMPLE_TEST, type PluginTemplate } from './template.ts'

const SOURCE = `import { definePlugin, Type } from 'loligo/plugin'

/** Asks a backend again when it failed, and gives up on a try that takes too long. */
export const plugin = definePlugin({
  // What the configuration calls it, and the key of its options there.
  name: 'NAME',
  version: '0.1.0',

  // Checked before the gateway starts; what is not configured has its default here.
  options: Type.Object({
    attempts: Type.Integer({ default: 2, minimum: 1, description: 'How often a backend is asked at most' }),
    timeout: Type.Duration({ default: 500, description: 'How long one try may take (milliseconds here)' }),
  }),

  // Runs once for each place that names the plugin, when the gateway is built.
  middleware:
    ({ attempts, timeout }, { log }) =>
    // Runs for every call. next makes it: not at all, once, or several times, as you like.
    (next) =>
    async (request, context) => {
      // What changes something must not be done twice.
      if (request.method !== 'GET') return await next(request, context)
      for (let attempt = 1; ; attempt++) {
        try {
          return await next(request, context.withTimeout(timeout))
        } catch (error) {
          // Cancelled: the time of the whole request is up, or the client has gone.
          if (attempt >= attempts || context.cancelled !== null) throw error
          log.warning('try ' + attempt + ' failed: ' + String(error))
        }
      }
    },
})
`

const TEST = `import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClock, createTestGateway } from 'loligo/testing'
import { plugin } from './index.EXTENSION'

const config = {
  endpoints: [
    {
      endpoint: '/a',
      backend: [
        {
          host: ['http://backend.test'],
          url_pattern: '/a',
          extra_config: { 'plugin/middleware': { name: ['NAME'], NAME: { attempts: 2, timeout: '200ms' } } },
        },
      ],
    },
  ],
}

test('a call that fails is made again', async (t) => {
  const upstreams = { 'http://backend.test': [new Error('connection refused'), { json: { ok: true } }] }
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams })
  assert.deepEqual(await (await gateway.fetch('/a')).json(), { ok: true })
  assert.equal(gateway.calls().length, 2)
  assert.equal(gateway.log.find('try 1 failed', 'WARNING').length, 1)
})

test('after the last try the failure is the answer', async (t) => {
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams: { '*': { status: 503 } } })
  assert.equal((await gateway.fetch('/a')).status, 500)
  assert.equal(gateway.calls().length, 2)
})

test('a try that takes too long is given up', async (t) => {
  const clock = createClock()
  const upstreams = { 'http://backend.test': [{ json: {}, delayMs: 300 }, { json: { ok: true } }] }
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams, clock })
  const answer = gateway.fetch('/a')
  await clock.advance(200)
  assert.deepEqual(await (await answer).json(), { ok: true })
})
${EXAMPLE_TEST}`

/** A middleware that tries again. */
export const middlewareTemplate: PluginTemplate = {
  kind: 'middleware',
  purpose: 'Asks a backend again when it failed, and gives up on a try that takes too long.',
  options: [
    ['attempts', '`2`', 'how often a backend is asked at most'],
    ['timeout', '`"500ms"`', 'how long one try may take'],
  ],
  source: SOURCE,
  test: TEST,
  level: 'backend',
  exampleOptions: { attempts: 3 },
}
