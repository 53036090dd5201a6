import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { BodyStream } from '../pipes/body.ts'
import { HeaderList } from '../pipes/headers.ts'
import { GzipResponse } from './gzip-response.ts'

const TEXT = 'a'.repeat(1000)

function compressed(): GzipResponse {
  const bytes = gzipSync(TEXT)
  const stream = new BodyStream(undefined, bytes.length)
  stream.push(bytes)
  stream.end()
  return new GzipResponse(200, new HeaderList(['Content-Encoding', 'gzip']), stream, {
    maxBytes: 10_000,
    name: 'GET /',
  })
}

test('a limit for reading counts what the compressed body holds', async () => {
  await assert.rejects(compressed().bytes({ maxBytes: 999 }), RangeError)
  const response = compressed()
  assert.equal(await response.text({ maxBytes: 1000 }), TEXT)
  assert.equal(await response.text(), TEXT)
  const whole = compressed()
  const reading = whole.text()
  await assert.rejects(whole.text({ maxBytes: 999 }), RangeError)
  assert.equal(await reading, TEXT)
})
