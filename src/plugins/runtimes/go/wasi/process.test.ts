import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Descriptor, FILE_TYPE } from './descriptor.ts'
import { ERRNO } from './errno.ts'
import { GuestExit, type ProcessOptions, processImports } from './process.ts'
import { FakeGuest } from './test-fixtures/file-guest-fake.ts'

const ENV = { HOME: '/home/x', APP_ONE: '1', APP_TWO: 'zwei', SECRET: 'hidden', GONE: undefined, PWD: '/srv' }

function started(env: readonly string[] | null, options: Partial<ProcessOptions> = {}) {
  const guest = new FakeGuest({ env })
  const exit = (code: number): never => {
    throw new GuestExit(code)
  }
  const functions = processImports(guest.system, { args: ['program', 'ü'], env: ENV, exit, ...options })
  const call = (name: string, ...parameters: (number | bigint)[]): number =>
    (functions[name] as (...given: unknown[]) => number)(...parameters)
  /** The texts of a list that is asked for in two calls. */
  const texts = (sizes: string, get: string): string[] => {
    assert.equal(call(sizes, 0, 4), 0)
    const count = guest.memory.view.getUint32(0, true)
    const bytes = guest.memory.view.getUint32(4, true)
    guest.memory.bytes(1024, bytes + 1).fill(0x7e)
    assert.equal(call(get, 64, 1024), 0)
    assert.equal(guest.memory.text(1024 + bytes, 1), '~')
    return Array.from({ length: count }, (_, index) => {
      const at = guest.memory.view.getUint32(64 + index * 4, true)
      return guest.memory.text(at, guest.memory.all.indexOf(0, at) - at)
    })
  }
  return { guest, call, texts }
}

test('a guest is given its arguments and all of the environment', () => {
  const { texts } = started(null)
  assert.deepEqual(texts('args_sizes_get', 'args_get'), ['program', 'ü'])
  const all = ['HOME=/home/x', 'APP_ONE=1', 'APP_TWO=zwei', 'SECRET=hidden', 'PWD=/srv']
  assert.deepEqual(texts('environ_sizes_get', 'environ_get'), all)
})

test('a guest that is confined is given what is granted of the environment, and the working directory', () => {
  for (const [granted, seen] of [
    [[], ['PWD=/srv']],
    [
      ['HOME', 'APP'],
      ['HOME=/home/x', 'PWD=/srv'],
    ],
    [['APP_*'], ['APP_ONE=1', 'APP_TWO=zwei', 'PWD=/srv']],
  ] as const) {
    assert.deepEqual(started(granted).texts('environ_sizes_get', 'environ_get'), seen)
  }
})

test('clocks tell the time in nanoseconds; another clock is an error', () => {
  const { guest, call } = started(null)
  const time = (clock: number) => {
    assert.equal(call('clock_time_get', clock, 1n, 8), 0)
    return guest.memory.view.getBigUint64(8, true)
  }
  const before = BigInt(Date.now()) * 1_000_000n
  const now = time(0)
  assert.ok(now >= before && now < BigInt(Date.now() + 1) * 1_000_000n)
  for (const clock of [0, 1, 2, 3]) {
    const earlier = time(clock)
    assert.ok(time(clock) >= earlier, `clock ${clock}`)
    assert.equal(call('clock_res_get', clock, 8), 0)
  }
  assert.equal(call('clock_time_get', 4, 1n, 8), ERRNO.inval)
})

test('random numbers fill all that was asked for', () => {
  const { guest, call } = started(null)
  const { all } = guest.memory
  assert.equal(call('random_get', 100, all.length - 200), 0)
  assert.equal(
    all.subarray(all.length - 100).every((byte) => byte === 0),
    true,
  )
  assert.equal(
    all.subarray(100, 150).some((byte) => byte !== 0),
    true,
  )
  assert.equal(
    all.subarray(all.length - 150, all.length - 100).some((byte) => byte !== 0),
    true,
  )
})

test('the end of a guest is thrown with its code', () => {
  const { call } = started(null)
  assert.throws(() => call('proc_exit', 3), { name: 'GuestExit', code: 3 })
  assert.throws(() => call('proc_raise', 6), { name: 'GuestExit', code: 134 })
})

test('connections are accepted and shut down by descriptors that can', () => {
  const { guest, call } = started(null)
  const shut: [boolean, boolean][] = []
  const connection: Descriptor = {
    type: FILE_TYPE.socketStream,
    shutdown: (read, write) => shut.push([read, write]),
    close: () => undefined,
  }
  const listener = guest.descriptors.add({ ...connection, accept: () => connection })
  assert.equal(call('sock_accept', listener, 0, 8), 0)
  const accepted = guest.memory.view.getUint32(8, true)
  assert.equal(guest.descriptors.get(accepted), connection)
  for (const how of [1, 2, 3]) assert.equal(call('sock_shutdown', accepted, how), 0)
  assert.deepEqual(shut, [
    [true, false],
    [false, true],
    [true, true],
  ])
  assert.equal(call('sock_shutdown', accepted, 0), ERRNO.inval)
  for (const name of ['sock_accept', 'sock_shutdown']) assert.equal(call(name, 1, 1, 8), ERRNO.notSock)
  assert.equal(call('sock_accept', 99, 0, 8), ERRNO.badf)
  assert.equal(call('sock_recv', accepted, 0, 0, 0, 0, 0), ERRNO.noSys)
})
