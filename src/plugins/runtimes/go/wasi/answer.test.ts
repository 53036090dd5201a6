import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Answer } from './answer.ts'

/** What a guest reads, in pieces of five bytes. */
function readAll(answer: Answer): string {
  const parts: Buffer[] = []
  for (;;) {
    const part = Buffer.alloc(5)
    const length = answer.read(part)
    if (length === 0) return Buffer.concat(parts).toString()
    parts.push(part.subarray(0, length))
  }
}

async function answerTo(fields: Promise<readonly string[]>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const answer = new Answer({ fields, cancel: () => {} }, () => resolve(undefined))
  assert.ok(!answer.canRead())
  assert.throws(() => answer.read(Buffer.alloc(1)), { errno: 6 })
  await promise
  assert.ok(answer.canRead())
  return readAll(answer)
}

test('the fields of an answer, behind an empty one', async () => {
  assert.equal(await answerTo(Promise.resolve(['192.0.2.1', 'ü'])), '\0\0\x09\x00192.0.2.1\x02\0ü')
})

test('errors as words that guests know', async () => {
  const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND x'), { code: 'ENOTFOUND' })
  assert.equal(await answerTo(Promise.reject(notFound)), '\x09\0not found')
  assert.equal(await answerTo(Promise.reject(new Error('other'))), '\x05\0other')
})

test('closing cancels the question', () => {
  let cancelled = false
  const cancel = (): void => {
    cancelled = true
  }
  const fields = new Promise<readonly string[]>(() => {})
  new Answer({ fields, cancel }, () => {}).close()
  assert.ok(cancelled)
})
