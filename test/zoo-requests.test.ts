import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import {
  cageWith,
  type JsonObject,
  modifiers,
  type StartedThreads,
  startThreads,
  zooConfig,
} from './support/start-threads.ts'

// What a plugin does wrong while it answers a request: it costs that request, and the log names the plugin. One gateway
// holds the whole zoo, so that each animal also shows that it harms none of the others.

interface Animal {
  readonly name: string
  readonly file: string
  readonly extra?: JsonObject
  /** The status of the request that meets it. */
  readonly status: number
  readonly log: RegExp
}

const ANIMALS: readonly Animal[] = [
  { name: 'throws', file: 'throws.js', status: 500, log: /ERROR.*plugin "throws".*a bug.*throws\.js:7/ },
  { name: 'rejects', file: 'rejects.js', status: 500, log: /ERROR.*plugin "rejects".*a bug, later.*rejects\.js:8/ },
  {
    name: 'rejects-after-answering',
    file: 'rejects-after-answering.js',
    status: 200,
    log: /ERROR.*plugin "rejects-after-answering": report \(.*rejects-after-answering\.js:5:9\): nobody awaited a promise that failed: Error: nobody awaits this; the thread goes on/,
  },
  {
    name: 'forgets-next',
    file: 'forgets-next.js',
    extra: { 'plugin/middleware': { name: ['forgets-next'] } },
    status: 200,
    log: /ERROR.*a plugin: nobody awaited a promise that failed: .*; the thread goes on/,
  },
  {
    name: 'never-settles',
    file: 'never-settles.js',
    status: 500,
    log: /ERROR.*plugin "never-settles".*did not settle/,
  },
  {
    name: 'wrong kill',
    file: 'kills.js',
    extra: modifiers('kills'),
    status: 500,
    log: /ERROR.*plugin "kills".*process\.kill\(\d+\) would end the gateway.*kills\.js:6/,
  },
  {
    name: 'abort',
    file: 'kills.js',
    extra: { 'plugin/req-resp-modifier': { name: ['kills'], abort: true } },
    status: 500,
    log: /ERROR.*plugin "kills".*process\.abort\(\) would end the gateway.*kills\.js:6/,
  },
  { name: 'returns-garbage', file: 'returns-garbage.js', status: 500, log: /ERROR.*plugin "returns-garbage"/ },
  {
    name: 'writes-to-configuration',
    file: 'writes-to-configuration.js',
    status: 500,
    log: /ERROR.*plugin "writes-to-configuration".*Cannot add property 1.*writes-to-configuration\.js:7/,
  },
  {
    name: 'pollutes-prototypes',
    file: 'pollutes-prototypes.js',
    status: 500,
    log: /ERROR.*plugin "pollutes-prototypes".*Cannot add property isAdmin.*pollutes-prototypes\.js:7/,
  },
  {
    name: 'invalid-header',
    file: 'invalid-header.js',
    status: 500,
    log: /ERROR.*plugin "invalid-header".*invalid-header\.js:7/,
  },
]

describe('what a plugin does wrong with a request', () => {
  test('costs that request alone, and the log names it', async (t) => {
    const { request, log, supervisor } = await open(t)
    const threads = supervisor.counters().threads.length
    for (const [index, { name, status, log: line }] of ANIMALS.entries()) {
      const answer = await request(`/${index}`)
      assert.equal(answer.status, status, name)
      await log.find(line)
      assert.equal((await request('/good')).status, 200, name)
    }
    assert.equal(supervisor.counters().threads.length, threads)
    assert.deepEqual(
      log.all.filter((line) => /is replaced/.test(line)),
      [],
    )
  })
})

async function open(t: TestContext): Promise<StartedThreads> {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } }, '/fails': { status: 503 } })
  const folder = cageWith(t, ...new Set(ANIMALS.map(({ file }) => file)))
  const config = zooConfig(folder, upstream.url, {})
  const endpoints = ANIMALS.map(({ name, extra = modifiers(name) }, index) => ({
    endpoint: `/${index}`,
    timeout: '500ms',
    backend: [{ host: [upstream.url], url_pattern: name === 'forgets-next' ? '/fails' : '/' }],
    extra_config: extra,
  }))
  return await startThreads(t, { ...config, endpoints: [...config.endpoints.slice(0, 1), ...endpoints] })
}

test('an answer of 100 MB goes out, and holds nobody up', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const extra = { 'plugin/http-server': { name: ['answers-100-mb'] } }
  const { request, log } = await startThreads(t, zooConfig(cageWith(t, 'answers-100-mb.js'), upstream.url, extra))
  const [large, ...others] = await Promise.all([request('/bad'), ...Array.from({ length: 20 }, () => request('/good'))])
  assert.equal(large.bytes.length, 100 * 1024 * 1024)
  assert.ok(others.every(({ status }) => status === 200))
  assert.deepEqual(
    log.all.filter((line) => /ERROR/.test(line)),
    [],
  )
})

test('what goes wrong in the background of a plugin is logged with its name, and ends no thread', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const folder = cageWith(t, 'throws-in-a-timer.js')
  const { request, log } = await startThreads(t, zooConfig(folder, upstream.url, modifiers('throws-in-a-timer')))
  await log.find(
    /ERROR.*plugin "throws-in-a-timer".*throws-in-a-timer\.js:8:\d+\): nobody caught Error: nobody catches this; the thread goes on/,
  )
  await log.find(
    /ERROR.*plugin "throws-in-a-timer", factory of modifier at \[ENDPOINT: \/bad\]: nobody caught Error: connect ENOENT.*; the thread goes on/,
  )
  assert.equal((await request('/bad')).status, 200)
})
