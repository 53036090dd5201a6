import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteRing, ringMemory } from '../../../../shared/byte-ring.ts'
import { FrameSplitter, FrameWriter } from '../frames.ts'
import { WasiError } from '../wasi/errno.ts'
import { Control } from './control.ts'

function connected(control: Control, connection: number) {
  const memory = { connection, toGuest: ringMemory(1024), toHost: ringMemory(1024) }
  control.connect(memory)
  return { toGuest: new ByteRing(memory.toGuest), toHost: new ByteRing(memory.toHost) }
}

test('frames of several connections never come in between each other', () => {
  const step = fc.record({ who: fc.nat(2), length: fc.nat(700), read: fc.integer({ min: 1, max: 900 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const control = new Control(
        () => {},
        () => {},
      )
      const rings = [1, 2, 3].map((number) => connected(control, number).toGuest)
      const waiting: Buffer[] = [1, 2, 3].map(() => Buffer.alloc(0))
      const sent: number[] = [0, 0, 0]
      const received: number[] = [0, 0, 0]
      const splitter = new FrameSplitter((kind, _flags, connection, call, _extra, payload) => {
        assert.equal(kind, 3)
        assert.equal(call, received[connection - 1])
        assert.ok(payload.every((byte) => byte === connection))
        received[connection - 1] = call + 1
      })
      const writer = new FrameWriter()
      const push = (who: number): void => {
        const taken = rings[who]?.write(waiting[who] as Buffer) ?? 0
        waiting[who] = (waiting[who] as Buffer).subarray(taken)
      }
      const pull = (length: number): void => {
        if (!control.canRead()) return
        splitter.filled(control.read(splitter.free.subarray(0, length)))
      }
      for (const { who, length, read } of steps) {
        const call = sent[who] as number
        sent[who] = call + 1
        const frame = Buffer.from(
          writer
            .begin(3, 0, who + 1, call, 0)
            .bytes(Buffer.alloc(length, who + 1))
            .end(),
        )
        waiting[who] = Buffer.concat([waiting[who] as Buffer, frame])
        push(who)
        pull(read)
      }
      for (let rounds = 0; rounds < 2000 && waiting.some((bytes) => bytes.length > 0); rounds++) {
        for (const who of [0, 1, 2]) push(who)
        pull(500)
      }
      while (control.canRead()) pull(500)
      assert.deepEqual(received, sent)
    }),
  )
})

test('a guest that reads when there is nothing is told to wait', () => {
  const control = new Control(
    () => {},
    () => {},
  )
  connected(control, 1)
  assert.equal(control.canRead(), false)
  assert.throws(() => control.read(new Uint8Array(10)), WasiError)
})

test('frames of the guest go to the connection that they name, those of none to this thread', () => {
  const own: string[] = []
  const control = new Control(
    () => {},
    (kind, flags, payload) => own.push(`${kind} ${flags} ${payload.toString()}`),
  )
  const { toHost } = connected(control, 7)
  const writer = new FrameWriter()
  const frame = (connection: number, text: string) =>
    Buffer.from(writer.begin(9, 2, connection, 1, 0).bytes(Buffer.from(text)).end())
  control.send(frame(0, 'here'))
  control.send(frame(7, 'there'))
  control.send(frame(8, 'nowhere'))
  assert.deepEqual(own, ['9 2 here'])
  assert.equal(toHost.readable, frame(7, 'there').length)
  assert.throws(() => control.send(frame(7, 'cut').subarray(0, 17)), /broken frame/)
  assert.throws(() => control.send(Buffer.alloc(3)), /broken frame/)
})

test('what has no room waits, and goes when there is some', async () => {
  const control = new Control(
    () => {},
    () => {},
  )
  const { toHost } = connected(control, 1)
  const writer = new FrameWriter()
  const frame = Buffer.from(writer.begin(9, 0, 1, 1, 0).bytes(Buffer.alloc(1500, 5)).end())
  control.send(frame)
  control.send(frame)
  const received: Buffer[] = []
  const target = Buffer.alloc(400)
  while (received.reduce((sum, { length }) => sum + length, 0) < 2 * frame.length) {
    const length = toHost.read(target)
    if (length > 0) received.push(Buffer.from(target.subarray(0, length)))
    else await new Promise<void>((resolve) => void (toHost.wakeReader(resolve) || resolve()))
  }
  assert.deepEqual(Buffer.concat(received), Buffer.concat([frame, frame]))
})
