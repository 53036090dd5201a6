import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { GuestMemory } from './guest-memory.ts'
import { readAddress, writeAddress, writePath } from './socket-address.ts'

const memory = new GuestMemory()
memory.bind({ buffer: new ArrayBuffer(256) })

test('addresses are read as they were written', () => {
  const cases = [
    ['192.0.2.1', 80, false, { family: 2, address: '192.0.2.1', port: 80 }],
    ['192.0.2.1', 80, true, { family: 3, address: '0:0:0:0:0:ffff:c000:201', port: 80 }],
    ['::ffff:192.0.2.1', 80, true, { family: 3, address: '0:0:0:0:0:ffff:c000:201', port: 80 }],
    ['2001:db8::1', 65_535, true, { family: 3, address: '2001:db8:0:0:0:0:0:1', port: 65_535 }],
  ] as const
  for (const [address, port, v6, read] of cases) {
    writeAddress(memory, 64, address, port, v6)
    assert.deepEqual(readAddress(memory, 64), read)
  }
})

test('the zone of an address is the name of an interface', () => {
  const [name = ''] = Object.keys(networkInterfaces())
  writeAddress(memory, 64, `fe80::1%${name}`, 80, true)
  assert.equal(memory.view.getUint32(68, true), 1)
  assert.deepEqual(readAddress(memory, 64), { family: 3, address: `fe80:0:0:0:0:0:0:1%${name}`, port: 80 })
  memory.view.setUint32(68, 1000, true)
  assert.throws(() => readAddress(memory, 64), { errno: 4 })
})

test('paths are read as they were written', () => {
  writePath(memory, 64, '/run/a.sock')
  assert.deepEqual(readAddress(memory, 64), { family: 1, path: '/run/a.sock' })
})

test('an unknown family is refused', () => {
  memory.view.setUint8(64, 9)
  assert.throws(() => readAddress(memory, 64), { errno: 5 })
})
