import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HostGrants } from './host-grants.ts'

type Case = readonly [host: string, granted: readonly [string, number][], not: readonly [string, number][]]

const addresses: readonly Case[] = [
  [
    '192.0.2.1',
    [
      ['192.0.2.1', 1],
      ['0:0:0:0:0:ffff:c000:201', 2],
    ],
    [
      ['192.0.2.2', 1],
      ['::1', 1],
    ],
  ],
  ['192.0.2.1:443', [['192.0.2.1', 443]], [['192.0.2.1', 80]]],
  ['10.0.0.0/8', [['10.9.9.9', 1]], [['11.0.0.1', 1]]],
  [
    '10.0.0.0/8:6379',
    [['10.9.9.9', 6379]],
    [
      ['10.9.9.9', 80],
      ['11.0.0.1', 6379],
    ],
  ],
  ['2001:db8::1', [['2001:db8:0:0:0:0:0:1', 1]], [['2001:db8::2', 1]]],
  ['[2001:db8::1]', [['2001:db8::1', 1]], [['2001:db8::2', 1]]],
  ['[2001:db8::1]:443', [['2001:db8::1', 443]], [['2001:db8::1', 80]]],
  ['fd00::/8', [['fd12::1', 1]], [['fe00::1', 1]]],
  ['[fd00::/8]:53', [['fd12::1', 53]], [['fd12::1', 54]]],
  ['0.0.0.0:8080', [['0.0.0.0', 8080]], [['127.0.0.1', 8080]]],
]

describe('grants of hosts', () => {
  for (const [host, granted, not] of addresses) {
    test(host, () => {
      const grants = new HostGrants([host])
      for (const [address, port] of granted) assert.ok(grants.allows(address, port), `${address} ${port}`)
      for (const [address, port] of not) assert.ok(!grants.allows(address, port), `${address} ${port}`)
    })
  }

  test('null grants all, an empty list nothing', () => {
    const all = new HostGrants(null)
    assert.ok(all.allows('192.0.2.1', 1) && all.allowsName('example.com') && all.allowsAddress('::1'))
    const none = new HostGrants([])
    assert.ok(!none.allows('192.0.2.1', 1) && !none.allowsName('example.com') && !none.allowsAddress('::1'))
  })

  test('names', () => {
    const grants = new HostGrants(['Example.com', '*.internal', 'localhost:80', 'dot.test.'])
    for (const name of ['example.com', 'EXAMPLE.com.', 'a.internal', 'a.b.internal', 'localhost', 'dot.test']) {
      assert.ok(grants.allowsName(name), name)
    }
    for (const name of ['a.example.com', 'internal', '.internal', 'xinternal', 'example.com.evil', '127.0.0.1', '']) {
      assert.ok(!grants.allowsName(name), name)
    }
  })

  test('a name grants what was looked up for it, at its ports', () => {
    const grants = new HostGrants(['db.test:5432', 'db.test:5433', '*.test:80', 'all.test'])
    assert.ok(!grants.allows('192.0.2.1', 5432))
    grants.remember('DB.test.', ['192.0.2.1', '2001:db8::1'])
    for (const port of [5432, 5433, 80]) assert.ok(grants.allows('192.0.2.1', port), `${port}`)
    assert.ok(grants.allows('2001:db8:0:0:0:0:0:1', 80))
    assert.ok(!grants.allows('192.0.2.1', 443))
    assert.ok(grants.allowsAddress('192.0.2.1') && !grants.allowsAddress('192.0.2.2'))
    grants.remember('www.test', ['192.0.2.1'])
    assert.ok(grants.allows('192.0.2.1', 5432), 'another name takes nothing away')
    grants.remember('all.test', ['192.0.2.1'])
    assert.ok(grants.allows('192.0.2.1', 443))
    assert.equal(grants.nameOf('192.0.2.1'), 'all.test')
    grants.remember('other.example', ['192.0.2.9'])
    assert.ok(!grants.allows('192.0.2.9', 80))
  })

  test('it forgets the oldest of very many addresses', () => {
    const grants = new HostGrants(['*.test'])
    for (let i = 0; i < 5000; i++) grants.remember('a.test', [`10.0.${i >> 8}.${i & 255}`])
    assert.ok(!grants.allows('10.0.0.0', 80) && grants.allows('10.0.19.135', 80))
  })

  for (const entry of [
    '',
    '*',
    'a b',
    'http://a',
    'a:0',
    'a:65536',
    'a:x',
    '10.0.0.0/33',
    '[::1',
    '[::1]x',
    '1.2.3',
    '*.0.0.1',
    'a/8',
  ]) {
    test(`"${entry}" is no pattern`, () => {
      assert.throws(() => new HostGrants([entry]), {
        name: 'RangeError',
        message: new RegExp(RegExp.escape(`"${entry}"`)),
      })
    })
  }
})
