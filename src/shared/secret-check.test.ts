import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretCheck } from './secret-check.ts'

test('the secret alone is right, whatever the length of the others', () => {
  const isSecret = secretCheck('open sesame')
  assert.equal(isSecret('open sesame'), true)
  for (const wrong of ['', 'open', 'open sesame ', 'open sesamf', 'x'.repeat(10_000)])
    assert.equal(isSecret(wrong), false)
})
