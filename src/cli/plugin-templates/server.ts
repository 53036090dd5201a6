import { EXAMPLE_TEST, type PluginTemplate } from './template.ts'

const SOURCE = `import { definePlugin, Type } from 'loligo/plugin'

/** Tells clients how long their answer took, and the log which requests were slow. */
export const plugin = definePlugin({
  // What the configuration calls it, and the key of its options there.
  name: 'NAME',
  version: '0.1.0',

  // Checked before the gateway starts; what is not configured has its default here.
  options: Type.Object({
    header: Type.String({ default: 'X-Response-Time', description: 'The header that tells the time' }),
    slow: Type.Duration({ default: 1000, description: 'From when on a request is slow (milliseconds here)' }),
  }),

  // Runs once for each place that names the plugin, when the gateway is built. What can be prepared is prepared here.
  server: ({ header, slow }, { log, now }) => {
    log.debug('requests of more than ' + slow + ' ms count as slow')

    // Runs for every request. next goes on with the gateway and gives its answer; leave it out to answer yourself, or
    // throw an HttpError (of loligo/plugin) to refuse the request.
    return (next) => async (request, context) => {
      const start = now()
      const response = await next(request, context)
      const took = now() - start
      if (took > slow) log.warning('slow: ' + request.method + ' ' + request.path + ' took ' + Math.round(took) + ' ms')
      response.headers.set(header, took.toFixed(1) + 'ms')
      return response
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
  endpoints: [{ endpoint: '/a', backend: [{ host: ['http://backend.test'], url_pattern: '/a' }] }],
  extra_config: { 'plugin/http-server': { name: ['NAME'], NAME: { slow: '100ms' } } },
}

test('an answer tells how long it took', async (t) => {
  const clock = createClock()
  const upstreams = { 'http://backend.test': { json: {}, delayMs: 40 } }
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams, clock })
  const answer = gateway.fetch('/a')
  await clock.advance(40)
  assert.equal((await answer).headers.get('X-Response-Time'), '40.0ms')
  assert.deepEqual(gateway.log.find('slow:', 'WARNING'), [])
})

test('a slow request is noted in the log', async (t) => {
  const clock = createClock()
  const upstreams = { 'http://backend.test': { json: {}, delayMs: 200 } }
  const gateway = await createTestGateway({ t, config, plugins: [plugin], upstreams, clock })
  const answer = gateway.fetch('/a')
  await clock.advance(200)
  assert.equal((await answer).status, 200)
  assert.deepEqual(gateway.log.find('slow:', 'WARNING'), ['[PLUGIN: NAME] slow: GET /a took 200 ms'])
})
${EXAMPLE_TEST}`

/** A server plugin: it measures. */
export const serverTemplate: PluginTemplate = {
  kind: 'server',
  purpose: 'Tells clients how long their answer took, and the log which requests were slow.',
  options: [
    ['header', '`"X-Response-Time"`', 'the header that tells the time'],
    ['slow', '`"1s"`', 'a request that takes longer is noted in the log'],
  ],
  source: SOURCE,
  test: TEST,
  level: 'service',
  exampleOptions: { slow: '250ms' },
}
