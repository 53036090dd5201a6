import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { SYSTEM_CLOCK } from '../pipes/clock.ts'
import { createPasswordChecker, TooManyChecks } from './password-checker.ts'

function start(t: TestContext) {
  const checker = createPasswordChecker(SYSTEM_CLOCK)
  t.after(() => checker.close())
  return checker
}

const HASH = hashSync('secret', 4)

test('tells right passwords from wrong ones, whatever the prefix of the hash', async (t) => {
  const { check } = start(t)
  for (const prefix of ['$2a$', '$2b$', '$2y$']) {
    const hash = prefix + HASH.slice(4)
    assert.equal(await check('secret', hash), true, prefix)
    assert.equal(await check('Secret', hash), false, prefix)
    assert.equal(await check('', hash), false, prefix)
  }
  assert.equal(await check('pässwörd', hashSync('pässwörd', 4)), true)
})

test('does not keep this thread busy', async (t) => {
  const { check } = start(t)
  await check('secret', HASH) // the thread is there
  const slow = hashSync('secret', 9)
  let turns = 0
  const turn = setInterval(() => turns++, 1)
  assert.equal(await check('secret', slow), true)
  clearInterval(turn)
  assert.ok(turns > 0)
})

test('takes only so many at once', async (t) => {
  const { check } = start(t)
  const checks = Array.from({ length: 40 }, () => check('secret', HASH))
  const outcomes = await Promise.allSettled(checks)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 8)
  for (const outcome of refused) assert.ok('reason' in outcome && outcome.reason instanceof TooManyChecks)
  assert.equal(await check('secret', HASH), true, 'there is room again')
})

test('closing ends the thread and what waits for it', async (t) => {
  const { check, close } = start(t)
  const waiting = assert.rejects(check('secret', hashSync('secret', 8)), /has ended/)
  await close()
  await waiting
  await assert.rejects(check('secret', HASH), /has been closed/)
})
