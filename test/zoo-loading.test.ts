import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { cageWith, type JsonObject, modifiers, startThreads, zooConfig } from './support/start-threads.ts'

// Plugins that go wrong before they answer anything, or when they are closed: the start is refused with the file's name,
// a reload with the same leaves the gateway as it is.

const OPTIONS = { standstillMs: 400 }

const CASES: readonly {
  readonly name: string
  readonly file: string
  readonly extra?: JsonObject
  readonly reason: RegExp
}[] = [
  {
    name: 'blocks-while-loading',
    file: 'blocks-while-loading.js',
    reason:
      /it stood still for \d\.\d s.* in plugin file \S*blocks-while-loading\.js, loading: \S*blocks-while-loading\.js:4:\d+/,
  },
  {
    name: 'blocks-in-its-factory',
    file: 'blocks-in-its-factory.js',
    reason:
      /it stood still for \d\.\d s.* in plugin "blocks-in-its-factory", factory of modifier at \[ENDPOINT: \/bad\]: modifier \(\S*blocks-in-its-factory\.js:6:\d+\)/,
  },
  { name: 'syntax-error', file: 'syntax-error.js.txt', reason: /syntax-error\.js.*syntax error.*line 3/s },
  { name: 'missing-export', file: 'missing-export.js', reason: /missing-export\.js.*exports no plugin/s },
  {
    name: 'wrong-types',
    file: 'wrong-types.js',
    reason: /hook "request" must be a function, not string .*"wrong-types" in \S*wrong-types\.js/,
  },
]

for (const { name, file, reason } of CASES) {
  test(`${name}: the start is refused, and a reload with it too`, async (t) => {
    const { upstream, folder, config } = await prepare(t, file, name)
    const options = name.startsWith('blocks') ? OPTIONS : {} // the others need no short time, and a busy machine more
    await assert.rejects(startThreads(t, config, options), { name: 'StartFailed', message: reason })

    const gateway = await startThreads(t, zooConfig(cageWith(t), upstream.url, {}), options)
    assert.equal((await gateway.request('/bad')).status, 200)
    await assert.rejects(gateway.reload(zooConfig(folder, upstream.url, modifiers(name))), {
      name: 'ReloadRefused',
      message: reason,
    })
    assert.equal((await gateway.request('/bad')).status, 200)
    assert.deepEqual(
      gateway.log.all.filter((line) => /is replaced/.test(line)),
      [],
    )
  })
}

test('what a factory leaves running is named and ended when its instance is closed', async (t) => {
  const { upstream, config, folder } = await prepare(t, 'leaks.js', 'leaks')
  const gateway = await startThreads(t, config, OPTIONS)
  const { port } = (await gateway.request('/bad')).json() as { port: number }
  assert.equal((await request(port, '/')).body, 'leaked')
  await gateway.reload(zooConfig(folder, upstream.url, modifiers('tidy')))
  const line = await gateway.log.find(/WARNING.*left running/)
  assert.match(
    line,
    /plugin "leaks", factory of modifier at \[ENDPOINT: \/bad\] left running when it was closed: a timer of .*leaks\.js:9:\d+\), a server.*, a connection of .*leaks\.js:13:\d+\)/,
  )
  await assert.rejects(request(port, '/'), /ECONNREFUSED|socket hang up|ECONNRESET/)
  await gateway.reload(zooConfig(folder, upstream.url, {}))
  await gateway.supervisor.stop()
  assert.deepEqual(
    gateway.log.all.filter((each) => /left running/.test(each) && !/"leaks"/.test(each)),
    [],
  )
})

test('onClose that throws is logged, and everything else is closed', async (t) => {
  const { upstream, config, folder } = await prepare(t, 'throws-in-on-close.js', 'throws-in-on-close')
  const gateway = await startThreads(t, config, OPTIONS)
  await gateway.reload(zooConfig(folder, upstream.url, {}))
  await gateway.log.find(/ERROR.*\[PLUGIN: throws-in-on-close\] onClose failed: cannot close/)
  assert.equal((await gateway.request('/bad')).status, 200)
})

test('a plugin file that blocks is added while the gateway serves: nobody waits for it', async (t) => {
  const { upstream, folder, config } = await prepare(t, 'throws.js', 'throws')
  const gateway = await startThreads(t, config, OPTIONS)
  copyFileSync(join(import.meta.dirname, 'plugins/zoo/blocks-while-loading.js'), join(folder, 'blocks.js'))
  const refused = assert.rejects(gateway.reload(config), /the trial thread .*plugin file \S*blocks\.js, loading/)
  let answers = 0
  let over = false
  for (
    void refused.then(() => {
      over = true
    });
    !over;
    answers++
  ) {
    assert.equal((await gateway.request('/good')).status, 200)
  }
  await refused
  assert.ok(answers > 0)
  assert.equal(upstream.received.length, answers)
})

async function prepare(t: TestContext, file: string, name: string) {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const folder = cageWith(t, file)
  return { upstream, folder, config: zooConfig(folder, upstream.url, modifiers(name)) }
}
