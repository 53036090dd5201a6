import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { recordingLog } from '../../test/support/recording-log.ts'
import { watchSources } from './watch.ts'

/** A watch over `current/krakend.json` and `current/plugins` in a new folder. */
async function start(t: TestContext, pollMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-watch-'))
  for (const version of ['one', 'two']) {
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, 'krakend.json'), version)
  }
  symlinkSync('one', join(folder, 'current'))
  const seen: string[] = []
  let tell = (): void => {}
  const file = join(folder, 'current/krakend.json')
  const watch = await watchSources({
    sources: { files: [file], folder: join(folder, 'current/plugins') },
    onChange: (changes) => {
      seen.push(...changes.map((change) => change.slice(folder.length + 1)))
      tell()
    },
    log: recordingLog(),
    quietMs: 20,
    pollMs,
  })
  t.after(() => {
    watch.close()
    rmSync(folder, { recursive: true })
  })
  const changes = async (): Promise<string[]> => {
    if (seen.length === 0) await new Promise<void>((resolve) => (tell = resolve))
    return seen.splice(0)
  }
  return { folder, file, watch, changes }
}

const NEVER = 1_000_000

test('many writes within a short time are one change', async (t) => {
  const { file, changes } = await start(t, NEVER)
  for (let write = 0; write < 10; write++) writeFileSync(file, `write ${write}`)
  assert.deepEqual(await changes(), ['current/krakend.json changed'])
})

test('changes that never pause are seen nevertheless', async (t) => {
  const { file, changes } = await start(t, NEVER)
  let write = 0
  const writing = setInterval(() => writeFileSync(file, `write ${write++}`), 5)
  t.after(() => clearInterval(writing))
  assert.deepEqual(await changes(), ['current/krakend.json changed'])
})

test('what the system does not tell of is found by looking', async (t) => {
  const { folder, changes } = await start(t, 20)
  symlinkSync('two', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'current')) // no folder that is watched has changed
  assert.deepEqual(await changes(), ['current/krakend.json changed'])
})

test('a folder that is made later is found by looking, and watched from then on', async (t) => {
  const { folder, changes } = await start(t, 20)
  mkdirSync(join(folder, 'one/plugins'))
  writeFileSync(join(folder, 'one/plugins/a.ts'), '')
  assert.deepEqual(await changes(), ['current/plugins/a.ts added'])
  writeFileSync(join(folder, 'one/plugins/a.ts'), 'other')
  assert.deepEqual(await changes(), ['current/plugins/a.ts changed'])
})

test('other sources: what is new counts as known, what is not keeps what was known of it', async (t) => {
  const { folder, file, watch, changes } = await start(t, NEVER)
  mkdirSync(join(folder, 'other'))
  writeFileSync(join(folder, 'other/a.ts'), '')
  writeFileSync(file, 'changed meanwhile')
  await watch.replace({ files: [file], folder: join(folder, 'other') })
  assert.deepEqual(await changes(), ['current/krakend.json changed'])
  writeFileSync(join(folder, 'other/a.ts'), 'other')
  assert.deepEqual(await changes(), ['other/a.ts changed'])
})
