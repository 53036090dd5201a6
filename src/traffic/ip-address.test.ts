import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressKey } from './ip-address.ts'

/** Whether two addresses count as one client. */
const same = (one: string, other: string, prefix = 128) => addressKey(one, prefix) === addressKey(other, prefix)

test('all spellings of an address are one', () => {
  for (const [one, other] of [
    ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
    ['2001:db8::1', '2001:db8:0:0::0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0::1'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['fe80::1.2.3.4%1', 'fe80::102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
  ] as const) {
    assert.ok(same(one, other), `${one} is ${other}`)
  }
})

test('other addresses are others', () => {
  for (const [one, other] of [
    ['2001:db8::1', '2001:db8::2'],
    ['2001:db8::1', '2001:db8:1::1'],
    ['::1:0:0', '::1:0'],
    ['192.0.2.1', '192.0.2.2'],
    ['::192.0.2.1', '192.0.2.1'],
    ['31:30:2e:30:2e:30:2e:31', '10.0.0.1'],
  ] as const) {
    assert.ok(!same(one, other), `${one} is not ${other}`)
  }
})

test('with a prefix a network is one client', () => {
  assert.ok(same('2001:db8:1:2::1', '2001:db8:1:2:ffff::9', 64))
  assert.ok(!same('2001:db8:1:2::1', '2001:db8:1:3::1', 64))
  assert.ok(same('2001:db8:1:200::', '2001:db8:1:2ff::', 56))
  assert.ok(!same('2001:db8:1:200::', '2001:db8:1:300::', 56))
  assert.ok(!same('::ffff:192.0.2.1', '::ffff:192.0.2.2', 64), 'it is a prefix of IPv6')
})

test('what is no address stays as it is', () => {
  for (const text of [
    '',
    'x',
    'a:b',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '::1::2',
    '12345::',
    '::1.2.3',
    '::1.2.3.999',
    ':',
    '1:2:3:4:5:6:7::8:9',
    '1:',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7:1.2.3.4',
    'é::1',
    ':::1',
    '1:2:3:4:5:6:7:8::',
  ]) {
    assert.equal(addressKey(text, 128), text)
  }
})
