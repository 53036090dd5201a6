import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type BodySink, type BodySource, BodyStream, bodyBytes, bodyText } from './body.ts'

/** A source that notes what it is told. */
function noteCalls(calls: string[]): Required<BodySource> {
  return {
    start: () => calls.push('start'),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    cancel: (reason) => calls.push(`cancel ${reason.message}`),
  }
}

/** A sink that notes what it gets, and answers `flowing` to each chunk. */
function noteChunks(notes: string[], flowing = () => true): BodySink {
  return {
    write: (chunk) => {
      notes.push(Buffer.from(chunk).toString())
      return flowing()
    },
    end: () => notes.push('END'),
    fail: (error) => notes.push(`FAIL ${error.message}`),
  }
}

const bytes = (text: string) => Buffer.from(text)

describe('pipeTo', () => {
  test('delivers what was there and what comes, then the end', () => {
    const notes: string[] = []
    const stream = new BodyStream()
    stream.push(bytes('a'))
    stream.pipeTo(noteChunks(notes))
    stream.push(bytes('b'))
    stream.push(bytes('')) // an empty chunk would end a chunked body
    stream.end()
    stream.push(bytes('late'))
    stream.fail(new Error('late'))
    assert.deepEqual(notes, ['a', 'b', 'END'])
    assert.deepEqual([stream.ended, stream.taken], [true, true])
  })

  test('says after a part that it was not the whole', () => {
    for (const failsBefore of [true, false]) {
      const notes: string[] = []
      const stream = new BodyStream()
      stream.push(bytes('a'))
      if (failsBefore) stream.fail(new Error('reset'))
      stream.pipeTo(noteChunks(notes))
      if (!failsBefore) stream.fail(new Error('reset'))
      stream.end()
      assert.deepEqual(notes, ['a', 'FAIL reset'])
      assert.equal(stream.ended, false)
    }
  })

  test('happens once', () => {
    const stream = new BodyStream()
    stream.pipeTo(noteChunks([]))
    assert.throws(() => stream.pipeTo(noteChunks([])), /consumed already/)
  })

  test('starts the source once, and only when somebody wants the bytes', () => {
    const calls: string[] = []
    const stream = new BodyStream(noteCalls(calls))
    assert.deepEqual(calls, [])
    stream.pipeTo(noteChunks([]))
    assert.deepEqual(calls, ['start'])
  })
})

describe('back-pressure', () => {
  test('pauses the source when 64 KiB wait for a sink, and resumes it when they are taken', () => {
    const calls: string[] = []
    const stream = new BodyStream({ ...noteCalls(calls), start: () => {} })
    assert.equal(stream.push(Buffer.alloc(65_535)), true)
    assert.equal(stream.push(Buffer.alloc(1)), false)
    assert.equal(stream.push(Buffer.alloc(1)), false)
    assert.deepEqual(calls, ['pause'])
    stream.pipeTo(noteChunks([]))
    assert.deepEqual(calls, ['pause', 'resume'])
  })

  test('pauses the source while the sink asks to wait', () => {
    const calls: string[] = []
    const stream = new BodyStream({ ...noteCalls(calls), start: () => {} })
    let flowing = false
    stream.push(bytes('a'))
    stream.pipeTo(noteChunks([], () => flowing))
    assert.deepEqual(calls, ['pause'])
    stream.resume()
    stream.resume()
    assert.deepEqual(calls, ['pause', 'resume'])
    assert.equal(stream.push(bytes('b')), false)
    flowing = true
    stream.resume()
    assert.equal(stream.push(bytes('c')), true)
    assert.deepEqual(calls, ['pause', 'resume', 'pause', 'resume'])
  })

  test('holds for a source that delivers while it is started', () => {
    const calls: string[] = []
    const stream: BodyStream = new BodyStream({ ...noteCalls(calls), start: () => stream.push(bytes('a')) })
    stream.pipeTo(noteChunks([], () => false))
    assert.deepEqual(calls, ['pause'])
  })

  test('keeps a generator from running ahead of its reader', async () => {
    let produced = 0
    const stream = BodyStream.from(
      (function* () {
        for (; produced < 100; produced++) yield bytes('x')
      })(),
    )
    let read = 0
    for await (const _ of stream) {
      read++
      assert.ok(produced <= read + 1, `${produced} produced, ${read} read`)
    }
    assert.equal(read, 100)
  })
})

describe('cancel', () => {
  test('tells the source and the sink, once', () => {
    const [calls, notes]: [string[], string[]] = [[], []]
    const stream = new BodyStream({ ...noteCalls(calls), start: () => {} })
    stream.pipeTo(noteChunks(notes))
    stream.cancel(new Error('stop'))
    stream.cancel(new Error('again'))
    stream.push(bytes('late'))
    stream.end()
    assert.deepEqual([calls, notes], [['cancel stop'], ['FAIL stop']])
  })

  test('gives its reason to who reads afterwards', async () => {
    const stream = new BodyStream()
    stream.push(bytes('a'))
    stream.cancel(new Error('stop'))
    await assert.rejects(stream.read(), /^Error: stop$/)
  })

  test('by the sink ends the delivery of what has arrived', () => {
    const notes: string[] = []
    const stream = new BodyStream()
    stream.push(bytes('a'))
    stream.push(bytes('b'))
    const sink = noteChunks(notes)
    stream.pipeTo({
      ...sink,
      write: (chunk) => {
        stream.cancel(new Error('enough'))
        return sink.write(chunk)
      },
    })
    assert.deepEqual(notes, ['a', 'FAIL enough'])
  })

  test('after the end does nothing', async () => {
    const stream = new BodyStream()
    stream.push(bytes('a'))
    stream.end()
    stream.cancel(new Error('late'))
    assert.equal(stream.takeWhole()?.toString(), 'a')
  })

  test('ends a generator', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stream = BodyStream.from(
      (async function* () {
        try {
          for (;;) yield 'x'
        } finally {
          resolve()
        }
      })(),
    )
    for await (const _ of stream) break
    await promise
  })

  test('ends a Node stream that has nothing to deliver', async () => {
    const readable = new Readable({ read() {} })
    const reading = BodyStream.from(readable)
    const result = reading.read()
    reading.cancel(new Error('stop'))
    await Promise.all([assert.rejects(result, /stop/), once(readable, 'close')])
  })
})

describe('reading', () => {
  test('joins the chunks', async () => {
    const stream = new BodyStream()
    const whole = stream.read()
    for (const text of ['a', 'b', 'c']) stream.push(bytes(text))
    stream.end()
    assert.equal((await whole).toString(), 'abc')
  })

  test('stops at the limit and cancels the source', async () => {
    const calls: string[] = []
    const stream = new BodyStream({ ...noteCalls(calls), start: () => {} })
    const whole = stream.read(3)
    stream.push(bytes('abc'))
    stream.push(bytes('d'))
    await assert.rejects(whole, { name: 'RangeError', message: 'the body is longer than 3 bytes' })
    assert.deepEqual(calls, ['cancel the body is longer than 3 bytes'])
  })

  test('rejects when the stream breaks off', async () => {
    const stream = new BodyStream()
    const whole = stream.read()
    stream.push(bytes('a'))
    stream.fail(new Error('reset'))
    await assert.rejects(whole, /reset/)
  })

  test('needs no promise when all is there', () => {
    const stream = new BodyStream()
    stream.push(bytes('a'))
    assert.equal(stream.takeWhole(), undefined)
    stream.end()
    assert.equal(bodyText(stream), 'a')
    assert.equal(stream.takeWhole(), undefined)
    assert.deepEqual([bodyText(null), bodyText('x'), bodyText(Uint8Array.of(65))], ['', 'x', 'A'])
    assert.deepEqual(bodyBytes('é'), Buffer.from([0xc3, 0xa9]))
    assert.deepEqual(bodyBytes(new Uint8Array([1, 2, 3]).subarray(1)), Buffer.from([2, 3]))
  })

  test('waits for what is not there', async () => {
    const stream = BodyStream.from(Readable.from(['a', Buffer.from('b')]))
    assert.equal(await bodyText(stream), 'ab')
    assert.deepEqual(await bodyBytes(BodyStream.from([bytes('c')])), bytes('c'))
  })

  test('passes on the failure of an iterable after what it delivered', async () => {
    const seen: string[] = []
    const stream = BodyStream.from(
      (async function* () {
        yield 'a'
        throw new Error('broken')
      })(),
    )
    await assert.rejects(async () => {
      for await (const chunk of stream) seen.push(Buffer.from(chunk).toString())
    }, /broken/)
    assert.deepEqual(seen, ['a'])
  })
})

describe('peek', () => {
  test('shows the first chunk to all who look, and takes nothing', async () => {
    const stream = BodyStream.from(['a', 'b'])
    const looks = await Promise.all([stream.peek(), stream.peek()])
    assert.deepEqual(looks, [bytes('a'), bytes('a')])
    assert.equal(await bodyText(stream), 'ab')
  })

  test('tells an empty body and a broken one', async () => {
    assert.equal(await BodyStream.from([]).peek(), null)
    const broken = new BodyStream()
    const look = broken.peek()
    broken.fail(new Error('reset'))
    await assert.rejects(look, /reset/)
  })
})

test('any chunks arrive whole and in order, whenever the sink comes and however often it waits', () => {
  const chunk = fc.uint8Array({ maxLength: 5 })
  fc.assert(
    fc.property(fc.array(chunk), fc.nat(10), fc.array(fc.boolean(), { minLength: 1 }), (chunks, attachAt, answers) => {
      const stream = new BodyStream()
      const got: Uint8Array[] = []
      let ends = 0
      const attach = () =>
        stream.pipeTo({
          write: (piece) => got.push(piece) >= 0 && answers[got.length % answers.length] === true,
          end: () => ends++,
          fail: assert.fail,
        })
      for (const [i, piece] of chunks.entries()) {
        if (i === attachAt) attach()
        if (!stream.push(piece)) stream.resume()
      }
      stream.end()
      if (chunks.length <= attachAt) attach()
      assert.deepEqual([Buffer.concat(got), ends], [Buffer.concat(chunks), 1])
    }),
  )
})
