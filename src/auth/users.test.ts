import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PasswordChecker } from './password-checker.ts'
import { createUsers } from './users.ts'

/** A checker for which the password is the hash; it notes what it is asked, and answers when it is told to. */
function noting() {
  const asked: string[] = []
  let hold: Promise<void> = Promise.resolve()
  const checker: PasswordChecker = {
    check: async (password, hash) => {
      asked.push(hash)
      await hold
      return password === hash
    },
    close: async () => {},
  }
  return {
    ...{ asked, checker },
    holdBack: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      hold = promise
      return resolve
    },
  }
}

const ANN = `$2y$04$ann${'.'.repeat(50)}`
const BOB = `$2y$07$bob${'.'.repeat(50)}`
const HASHES = new Map([
  ['ann', ANN],
  ['bob', BOB],
])

test('right credentials are checked once, wrong ones too', async () => {
  const { asked, checker } = noting()
  const users = createUsers(HASHES, checker)
  assert.equal(await users.check('ann', ANN), true)
  assert.equal(users.check('ann', ANN), true, 'at once')
  assert.equal(await users.check('ann', 'guess'), false)
  assert.equal(users.check('ann', 'guess'), false, 'at once')
  assert.equal(users.check('ann', ANN), true, 'a guess of another does not lock the user out')
  assert.equal(await users.check('bob', ANN), false, 'credentials of somebody else')
  assert.deepEqual(asked, [ANN, ANN, BOB])
})

test('an unknown name costs a check as well, and never passes', async () => {
  const { asked, checker } = noting()
  const users = createUsers(HASHES, { ...checker, check: async (...args) => (await checker.check(...args)) || true })
  assert.equal(await users.check('eve', 'guess'), false)
  assert.equal(asked.length, 1)
  assert.match(asked[0] ?? '', /^\$2b\$07\$\.{53}$/, 'as slow as the slowest')
})

test('the same credentials at the same time are checked once', async () => {
  const { asked, checker, holdBack } = noting()
  const release = holdBack()
  const users = createUsers(HASHES, checker)
  const checks = [users.check('ann', ANN), users.check('ann', ANN), users.check('ann', 'guess')]
  release()
  assert.deepEqual(await Promise.all(checks.map(async (check) => check)), [true, true, false])
  assert.equal(asked.length, 2)
})

test('name and password are not confused where they meet', async () => {
  const { checker } = noting()
  const users = createUsers(new Map([['a', '$2y$04$b:c']]), checker)
  assert.equal(await users.check('a', '$2y$04$b:c'), true)
  assert.equal(await users.check('a:$2y$04$b', 'c'), false)
})

test('wrong credentials are forgotten when there are too many', async () => {
  const { asked, checker } = noting()
  const users = createUsers(HASHES, checker)
  for (let i = 0; i <= 1000; i++) await users.check('ann', `guess ${i}`)
  const before = asked.length
  assert.equal(users.check('ann', 'guess 1000'), false)
  assert.equal(asked.length, before)
  await users.check('ann', 'guess 0')
  assert.equal(asked.length, before + 1)
})

test('a check that fails is made again', async () => {
  const { checker } = noting()
  let broken = true
  const users = createUsers(HASHES, {
    ...checker,
    check: (...args) => (broken ? Promise.reject(new Error('ended')) : checker.check(...args)),
  })
  await assert.rejects(async () => users.check('ann', ANN), /ended/)
  broken = false
  assert.equal(await users.check('ann', ANN), true)
})
