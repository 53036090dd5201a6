import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('the embedded gateway answers with and without a port, its own stage sees that, and the program ends by itself', () => {
  const main = join(import.meta.dirname, 'main.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], { encoding: 'utf8', timeout: 20_000 })
  assert.equal(status, 0, stderr)
  const answer = "{ status: 200, data: { name: 'Ada Lovelace', city: 'London' } }"
  assert.equal(stdout, `without a port: ${answer}\nthrough a port: ${answer}\nanswers by status: { '200': 2 }\n`)
  assert.equal(stderr, '')
})
