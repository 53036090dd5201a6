import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { appendPluginSection } from '../../building/plugin-section-writer.ts'
import { type PluginSection, readPluginSection, readPluginSectionOf } from './plugin-section.ts'

/** A module that holds nothing. */
const EMPTY = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

const SECTION: PluginSection = {
  format: 1,
  name: 'auth',
  kinds: ['server', 'martian'],
  sourceHash: '0'.repeat(64),
  goVersion: 'go1.26.8',
  module: 'example.com/auth',
  builtWith: '0.1.0',
  uses: { hosts: ['api.example.com', '(computed)'], env: ['TÖKEN'], files: [], exec: [] },
}

/** A custom section of a name and content that are shorter than 60 bytes each. */
function custom(name: string, content: string | Uint8Array): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), Buffer.from(content)])
  return Buffer.concat([Uint8Array.of(0, body.length), body])
}

test('what the builder writes behind a module is read, and the module stays valid', async () => {
  const bytes = appendPluginSection(Buffer.concat([EMPTY, custom('producers', 'x')]), SECTION)
  assert.deepEqual(readPluginSection(bytes), SECTION)
  await WebAssembly.compile(bytes)
})

test('a view into a larger buffer is read from its own beginning', () => {
  const bytes = appendPluginSection(EMPTY, SECTION)
  const larger = Buffer.concat([Uint8Array.of(1, 2, 3), bytes, Uint8Array.of(0)])
  assert.deepEqual(readPluginSection(larger.subarray(3, 3 + bytes.length)), SECTION)
})

test('a section of an older builder has nothing where it knew nothing', () => {
  const bytes = Buffer.concat([EMPTY, custom('loligo.plugin', '{"format":1,"uses":{"env":["A"]}}')])
  assert.deepEqual(readPluginSection(bytes)?.uses, { hosts: [], env: ['A'], files: [], exec: [] })
})

test('a section of a later builder tells its format', () => {
  const bytes = Buffer.concat([EMPTY, custom('loligo.plugin', '{"format":2}')])
  assert.equal(readPluginSection(bytes)?.format, 2)
})

const foreign: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['no WebAssembly', Buffer.from('\x7fELF and more')],
  ['a module without the section', EMPTY],
  ['a module with other sections', Buffer.concat([EMPTY, custom('name', 'loligo.plugin'), custom('loligo', '{}')])],
  ['a section without a format', Buffer.concat([EMPTY, custom('loligo.plugin', '{"format":"x"}')])],
  ['a section that is no JSON', Buffer.concat([EMPTY, custom('loligo.plugin', 'no JSON')])],
  ['a section that is no object', Buffer.concat([EMPTY, custom('loligo.plugin', 'null')])],
  ['a file that is cut off', appendPluginSection(EMPTY, SECTION).subarray(0, -1)],
  ['a length without an end', Buffer.concat([EMPTY, Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0xff)])],
]

async function ofFile(bytes: Uint8Array): Promise<PluginSection | null> {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-section-'))
  try {
    writeFileSync(join(folder, 'x.wasm'), bytes)
    return await readPluginSectionOf(join(folder, 'x.wasm'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a file is read as its bytes are', async () => {
  const code = Buffer.concat([EMPTY, custom('producers', 'x'), Uint8Array.of(10, 0x80, 0x10), Buffer.alloc(2048)])
  assert.deepEqual(await ofFile(appendPluginSection(code, SECTION)), SECTION)
})

for (const [title, bytes] of foreign) {
  test(`no plugin of the builder: ${title}`, async () => {
    assert.equal(readPluginSection(bytes), null)
    assert.equal(await ofFile(bytes), null)
  })
}
