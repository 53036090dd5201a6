import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { costOf, faultOfHash, parseHtpasswd, readHtpasswd, UsersError } from './htpasswd.ts'

const HASH = '$2y$05$abcdefghijklmnopqrstuuDq7ZUNhiP7Vq5n9M0C0O7H4aYQ3c8rW'

describe('a file of users', () => {
  test('has a line for each; the last one of a name counts', () => {
    const text = `# made by htpasswd\r\nann:${HASH}\r\n\n  bob:${HASH}  \nann:${HASH.replace('2y', '2b')}\n`
    assert.deepEqual(
      [...parseHtpasswd(text, 'users')],
      [
        ['ann', HASH.replace('2y', '2b')],
        ['bob', HASH],
      ],
    )
  })

  test('is refused where a line cannot be used, without showing what is in it', () => {
    for (const line of ['ann:plain', 'ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'ann:$apr1$x$y', 'ann', `:${HASH}`]) {
      assert.throws(
        () => parseHtpasswd(`bob:${HASH}\n${line}`, 'users'),
        (error: Error) =>
          error instanceof UsersError && /^users:2: /.test(error.message) && !/SHA|apr1|plain/.test(error.message),
        line,
      )
    }
  })

  test('that is not there is told by its path', async () => {
    await assert.rejects(readHtpasswd('/nowhere/users'), /the users in \/nowhere\/users cannot be read: ENOENT/)
  })
})

test('costs from 4 to 16 are allowed', () => {
  assert.equal(costOf(HASH), 5)
  for (const [cost, allowed] of [
    ['03', false],
    ['04', true],
    ['12', true],
    ['16', true],
    ['17', false],
    ['31', false],
  ] as const) {
    assert.equal(faultOfHash(HASH.replace('$05$', `$${cost}$`)) === null, allowed, cost)
  }
})
