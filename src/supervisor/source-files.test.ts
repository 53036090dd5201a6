import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { describeChanges, readSources } from './source-files.ts'

function folderWith(t: TestContext, ...files: string[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loligo-sources-')))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), file)
  }
  return folder
}

test('what changed is told by content, not by time', async (t) => {
  const folder = folderWith(t, 'krakend.json', 'plugins/a.ts', 'plugins/b.ts')
  const file = join(folder, 'krakend.json')
  const sources = { files: [file], folder: join(folder, 'plugins') }
  const before = await readSources(sources, null)
  utimesSync(file, new Date(), new Date())
  writeFileSync(join(folder, 'plugins/a.ts'), 'plugins/a.ts')
  assert.deepEqual(describeChanges(before, await readSources(sources, before)), [])
  writeFileSync(file, 'krakend.jsom') // the same length
  rmSync(join(folder, 'plugins/b.ts'))
  writeFileSync(join(folder, 'plugins/c.ts'), '')
  const changes = describeChanges(before, await readSources(sources, before))
  assert.deepEqual(changes.toSorted(), [
    `${file} changed`,
    `${join(folder, 'plugins/b.ts')} removed`,
    `${join(folder, 'plugins/c.ts')} added`,
  ])
})

test('packages, hidden files and old copies are passed over, links are followed, also in a circle', async (t) => {
  const folder = folderWith(
    t,
    'p/a.ts',
    'p/node_modules/b.js',
    'p/.git/c',
    'p/d.ts~',
    'p/deep/e/f.ts',
    'elsewhere/g.ts',
  )
  symlinkSync('../elsewhere', join(folder, 'p/linked'))
  symlinkSync('..', join(folder, 'p/deep/circle'))
  symlinkSync('nowhere', join(folder, 'p/dangling.ts'))
  const { files } = await readSources({ files: [], folder: join(folder, 'p') }, null)
  const found = [...files.keys()].map((path) => path.slice(folder.length + 1))
  assert.deepEqual(found.toSorted(), ['p/a.ts', 'p/deep/e/f.ts', 'p/linked/g.ts'])
})

test('the folders to watch are those of the names and of what links lead to', async (t) => {
  const folder = folderWith(t, '..1/krakend.json')
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync('..data/krakend.json', join(folder, 'krakend.json'))
  const { folders } = await readSources({ files: [join(folder, 'krakend.json')], folder: null }, null)
  assert.deepEqual([...folders.keys()], [folder, join(folder, '..1')])
})

test('what is not there holds nothing', async (t) => {
  const folder = folderWith(t, 'krakend.json')
  const sources = { files: [join(folder, 'krakend.json')], folder: join(folder, 'plugins') }
  const before = await readSources(sources, null)
  rmSync(join(folder, 'krakend.json'))
  assert.deepEqual(describeChanges(before, await readSources(sources, before)), [
    `${join(folder, 'krakend.json')} removed`,
  ])
})
