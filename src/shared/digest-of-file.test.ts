import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOfFile } from './digest-of-file.ts'

for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000]) {
  test(`${size} bytes have the digest of the whole`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'digest-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const bytes = randomBytes(size)
    const file = join(folder, 'file')
    writeFileSync(file, bytes)
    assert.equal(await digestOfFile(file), createHash('sha256').update(bytes).digest('base64'))
  })
}

test('a file that is not there is told', async () => {
  await assert.rejects(digestOfFile('/nowhere'), { code: 'ENOENT' })
})
