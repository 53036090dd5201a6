import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { BodyStream } from '../pipes/body.ts'
import { DecodeError } from './decode-error.ts'
import { gunzip, gunzipStream } from './gzip.ts'

const MEGABYTE = 1_048_576
const LONG = randomBytes(200_000)

test('a short body is decoded at once', () => {
  assert.deepEqual(gunzip(gzipSync('hello'), MEGABYTE), Buffer.from('hello'))
  assert.deepEqual(gunzip(Buffer.concat([gzipSync('a'), gzipSync('b')]), MEGABYTE), Buffer.from('ab'))
})

test('a long body, and one that unfolds to a long one, is decoded elsewhere', async () => {
  const long = gunzip(gzipSync(LONG), MEGABYTE)
  assert.ok(long instanceof Promise)
  assert.deepEqual(await long, LONG)
  const unfolding = gunzip(gzipSync(Buffer.alloc(2 * MEGABYTE)), 2 * MEGABYTE)
  assert.ok(unfolding instanceof Promise)
  assert.equal((await unfolding).length, 2 * MEGABYTE)
})

test('the limit holds on both ways', async () => {
  assert.deepEqual(gunzip(gzipSync('12345'), 5), Buffer.from('12345'))
  assert.throws(() => gunzip(gzipSync('123456'), 5), /longer than 5 bytes/)
  await assert.rejects(async () => gunzip(gzipSync(LONG), 100_000), /longer than 100000 bytes/)
})

test('broken data is a DecodeError', async () => {
  const broken = gzipSync('hello')
  broken[12] = 0xff
  assert.throws(() => gunzip(broken, MEGABYTE), DecodeError)
  assert.throws(() => gunzip(Buffer.from('{"a":1}'), MEGABYTE), DecodeError)
  await assert.rejects(async () => gunzip(gzipSync('hello').subarray(0, -3), MEGABYTE), DecodeError)
  await assert.rejects(async () => gunzip(gzipSync(LONG).subarray(0, -9), MEGABYTE), DecodeError)
})

function chunks(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

test('a stream is decoded as it passes', async () => {
  assert.deepEqual(await gunzipStream(BodyStream.from(chunks(gzipSync(LONG), 1000))).read(), LONG)
  assert.deepEqual(await gunzipStream(BodyStream.from([gzipSync('hello')])).read(), Buffer.from('hello'))
})

test('a stream that is broken or cut off fails', async () => {
  await assert.rejects(gunzipStream(BodyStream.from([Buffer.from('no gzip here')])).read(), DecodeError)
  await assert.rejects(gunzipStream(BodyStream.from([gzipSync(LONG).subarray(0, 5000)])).read(), DecodeError)
  const source = new BodyStream()
  const reading = gunzipStream(source).read()
  source.push(gzipSync('hello').subarray(0, 12))
  source.fail(new Error('connection reset'))
  await assert.rejects(reading, /connection reset/)
})

test('a sink that waits makes the source wait', async () => {
  const bomb = gzipSync(Buffer.alloc(16 * MEGABYTE))
  let produced = 0
  const source = BodyStream.from(
    (async function* () {
      for (let i = 0; i < 200; i++) {
        produced++
        yield bomb
      }
    })(),
  )
  const first = await new Promise<number>((resolve, reject) => {
    const decoded = gunzipStream(source)
    let seen = 0
    decoded.pipeTo({
      write: (chunk) => {
        seen += chunk.length
        if (seen === chunk.length) setImmediate(() => setImmediate(() => resolve(seen)))
        return false
      },
      end: () => reject(new Error('not read to the end')),
      fail: reject,
    })
  })
  assert.ok(first < MEGABYTE, `${first} bytes were pushed on a sink that waits`)
  assert.ok(produced < 20, `${produced} chunks were taken from the source`)
  source.cancel(new Error('enough'))
})

test('cancelling reaches the source', () => {
  let reason: Error | null = null
  const source = new BodyStream({
    pause() {},
    resume() {},
    cancel(error) {
      reason = error
    },
  })
  const gone = new Error('client gone')
  gunzipStream(source).cancel(gone)
  assert.equal(reason, gone)
})
