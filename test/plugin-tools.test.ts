import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { definePlugin, type PluginTools, Type } from '../src/sdk/plugin.ts'
import { startGateway } from './support/start-gateway.ts'

/** A gateway whose only plugin stands at the service; its factory is given. */
async function start(
  t: TestContext,
  server: NonNullable<Parameters<typeof definePlugin>[0]['server']>,
  block: object = {},
  definition: object = {},
  extra: object = {},
) {
  const plugin = definePlugin({ name: 'author', version: '2.0.1', server, ...definition } as never)
  const gateway = await startGateway(
    t,
    { name: 'svc', plugin: {}, extra_config: { 'plugin/http-server': { name: ['author'], ...block }, ...extra } },
    { plugins: [plugin] },
  )
  return {
    ...gateway,
    end: async () => {
      await gateway.listener.close()
      await gateway.gateway.close()
    },
  }
}

test('options, block and place are frozen, however deep: who writes is told the line', async (t) => {
  const tries: string[] = []
  const schema = Type.Object({
    list: Type.Array(Type.Object({ n: Type.Integer() })),
    word: Type.String({ default: 'x' }),
    rest: Type.Unknown({ default: { deep: [] } }),
  })
  await start(
    t,
    (options: never, { block, config }: PluginTools) => {
      const { list, rest } = options as { list: { n: number }[]; rest: { deep: number[] } }
      const writes: (() => unknown)[] = [
        () => Object.assign(options, { word: 'y' }),
        () => list.push({ n: 2 }),
        () => Object.assign(list[0] ?? {}, { n: 2 }),
        () => rest.deep.push(1),
        () => Object.assign(block.author as object, { list: [] }),
        () => (block.name as string[]).push('other'),
        () => Object.assign(config, { service: 'mine' }),
      ]
      for (const write of writes) {
        try {
          write()
          tries.push('written')
        } catch (error) {
          tries.push(`${error instanceof TypeError && /plugin-tools\.test\.ts/.test(error.stack ?? '')}`)
        }
      }
      assert.deepEqual(options, { list: [{ n: 1 }], word: 'x', rest: { deep: [] } })
      assert.deepEqual(block, { name: ['author'], author: { list: [{ n: 1 }] } })
      assert.deepEqual(config, { service: 'svc', endpoint: null, backend: null })
      return (next) => next
    },
    { author: { list: [{ n: 1 }] } },
    { options: schema },
  )
  assert.deepEqual(tries, new Array(7).fill('true'))
})

test('the end of an instance stops its timers, aborts its signal, and then closes what it opened', async (t) => {
  const trail: string[] = []
  const { end } = await start(t, (_, { signal, every, onClose }) => {
    const ticked = Promise.withResolvers<void>()
    every(1, () => {
      trail.push('tick')
      ticked.resolve()
    })
    signal.addEventListener('abort', () => trail.push(`aborted: ${signal.reason.message}`))
    onClose(async () => {
      trail.push('closing')
      await new Promise((resolve) => setTimeout(resolve, 10))
      trail.push('closed')
    })
    return ticked.promise.then(() => (next) => next)
  })
  assert.ok(trail.length > 0 && trail.every((step) => step === 'tick'))
  await end()
  const rest = trail.slice(trail.lastIndexOf('tick') + 1)
  assert.deepEqual(rest, ['aborted: this instance of the plugin has been closed', 'closing', 'closed'])
})

test('a factory that fails leaves no timers behind', async (t) => {
  let signal: AbortSignal | undefined
  const started = start(t, (_, tools) => {
    signal = tools.signal
    tools.every(1, () => assert.fail('the timer goes on'))
    throw new Error('no')
  })
  await assert.rejects(started, /Error getting the plugin handler: no/)
  assert.equal(signal?.aborted, true)
})

test('an error in a timer is logged with plugin, place and line, and harms nobody', async (t) => {
  const { log, request } = await start(t, (_, { after }) => {
    after(0, async () => {
      throw new RangeError('out\nof range')
    })
    return (next) => next
  })
  const line = await log.find(/RangeError/)
  assert.match(
    line,
    /ERROR: \[PLUGIN: author\] after 0 ms at \[PLUGIN: Server\]: out of range \[RangeError at .*plugin-tools\.test\.ts:\d+:\d+\)?\]$/,
  )
  assert.equal((await request('/__health')).status, 200)
})

test('an error in a hook is told on one line, with version and the line of the author', async (t) => {
  const { log, request } = await start(t, () => (next) => async (request, context) => {
    const response = await next(request, context)
    response.headers.set('X-Name', 'Zoë\r\nX-Other: 1')
    return response
  })
  assert.equal((await request('/__health')).status, 500)
  const line = await log.find(/X-Name/)
  const told = String.raw`plugin "author" 2.0.1, server at [PLUGIN: Server]: the value 'Zoë\r\nX-Other: 1' of the header X-Name holds U+000D`
  assert.ok(line.includes(told), line)
  assert.match(line, /\[TypeError at .*plugin-tools\.test\.ts:\d+:\d+\)?\]$/)
})

test('both clocks are told, one of them in milliseconds since 1970', async (t) => {
  const seen: number[] = []
  await start(t, (_, { now, wallTime }) => {
    seen.push(now(), wallTime(), now())
    return null
  })
  const [from = 0, wall = 0, to = 0] = seen
  assert.ok(from <= to && to <= performance.now())
  assert.ok(Math.abs(wall - Date.now()) < 60_000)
})

test('counters and histograms are listed with what they are; a name means one thing', async (t) => {
  const report = { 'telemetry/plugins': { path: '/__plugins' } }
  const { request } = await start(
    t,
    (_, { counter, histogram }) => {
      const seen = counter('seen', { description: 'All requests' })
      const sizes = histogram('sizes.b', { buckets: [10, 100] })
      assert.equal(counter('seen'), seen)
      for (const name of ['', 'Seen', '1st', 'a-b', 'a b', undefined as never]) {
        assert.throws(() => counter(name), /is no name of a metric/)
      }
      assert.throws(() => counter('sizes.b'), TypeError)
      assert.throws(() => histogram('seen'), TypeError)
      assert.throws(() => seen.add(-1), RangeError)
      return (next) => async (request, context) => {
        seen.add()
        sizes.record(request.url.length)
        return next(request, context)
      }
    },
    {},
    {},
    report,
  )
  for (const path of ['/a', '/long/enough/to/be/counted']) await request(path)
  const { metrics } = JSON.parse((await request('/__plugins')).body)
  const [seen, sizes] = metrics
  assert.deepEqual(seen, { plugin: 'author', name: 'seen', description: 'All requests', type: 'counter', value: 3 })
  assert.deepEqual(
    [sizes.name, sizes.count, sizes.buckets.map(({ count }: { count: number }) => count)],
    ['sizes.b', 3, [2, 1, 0]],
  )
})

test('the store keeps values and counters of one plugin apart from those of others', async (t) => {
  const results: unknown[] = []
  const ask = (name: string) =>
    definePlugin({
      name,
      server: async (_, { store }) => {
        const list = [1]
        await store.set('k', { list, at: new Date(0) })
        list.push(2)
        results.push(await store.get('k'), await store.get('none'))
        results.push(await store.setIfAbsent('k', 1), await store.setIfAbsent('new', name), await store.get('new'))
        results.push(await store.delete('k'), await store.delete('k'), await store.get('k'))
        results.push(store.increment('k'), store.increment('k', 5), store.count('k'), store.count('none'))
        await assert.rejects(
          store.set('k', () => 1),
          TypeError,
        )
        await assert.rejects(store.get(undefined as never), /the key of a store is a text, not undefined/)
        assert.throws(() => store.increment(1 as never), TypeError)
        return null
      },
    })
  await startGateway(
    t,
    { plugin: {}, extra_config: { 'plugin/http-server': { name: ['a', 'b'] } } },
    { plugins: [ask('a'), ask('b')] },
  )
  const each = (name: string) => [
    ...[{ list: [1], at: new Date(0) }, undefined, false, true, name],
    ...[true, false, undefined, 1, 6, 6, 0],
  ]
  assert.deepEqual(results, [...each('a'), ...each('b')])
})
