import assert from 'node:assert/strict'
import { BlockList, isIPv6 } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compileAddressList } from './address-list.ts'

type Case = readonly [entry: string, inside: readonly string[], outside: readonly string[]]

const cases: readonly Case[] = [
  ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201'], ['192.0.2.2', '192.0.2.0', '::192.0.2.1']],
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '', 'x', '10.0.0.0/8', '10.0.0']],
  ['10.1.2.3/8', ['10.9.9.9'], ['11.0.0.0']],
  ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
  ['172.16.0.0/12', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
  ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'], ['::1', '2001:db8::1']],
  ['::/0', ['::', '::1', 'ffff::'], ['1.2.3.4', '::ffff:1.2.3.4']],
  ['2001:db8::/32', ['2001:db8::', '2001:0DB8:ffff::1', '2001:db8::1%eth0'], ['2001:db9::', '2001:db7:ffff::']],
  ['2001:db8::8', ['2001:db8:0:0:0:0:0:8'], ['2001:db8::9']],
  ['fe80::/10', ['fe80::1', 'febf:ffff::'], ['fec0::', 'fe7f::']],
  ['64:ff9b::192.0.2.0/120', ['64:ff9b::c000:201'], ['192.0.2.1', '64:ff9b::c000:301']],
  ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.0']],
  ['::ffff:10.0.0.1', ['10.0.0.1'], ['10.0.0.2']],
  ['::ffff:0:0/90', ['::ffc1:0:1'], ['10.0.0.1', '::ff3f:0:1']],
]

describe('an entry of a list of addresses', () => {
  for (const [entry, inside, outside] of cases) {
    test(entry, () => {
      const list = compileAddressList([entry])
      for (const address of inside) assert.ok(list.has(address), `${address} is in ${entry}`)
      for (const address of outside) assert.ok(!list.has(address), `${address} is not in ${entry}`)
    })
  }

  for (const entry of [
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '2001:db8::/129',
    '',
    'x',
    '10.0.0',
    '/8',
    '10.0.0.0/1e1',
    '10.0.0.0/ 8',
  ]) {
    test(`"${entry}" is refused by its name`, () => {
      assert.throws(() => compileAddressList(['127.0.0.1', entry]), {
        name: 'RangeError',
        message: `"${entry}" is neither an address nor a network such as 10.0.0.0/8`,
      })
    })
  }
})

test('an empty list has nothing', () => assert.ok(!compileAddressList([]).has('127.0.0.1')))

test('lists of many entries agree with those of Node', () => {
  const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  )
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(fc.array(network, { maxLength: 30 }), fc.array(address, { maxLength: 20 }), (networks, addresses) => {
      // One of each family: Node's own finds addresses of IPv4 in networks of IPv6 too.
      const reference = { ipv4: new BlockList(), ipv6: new BlockList() }
      for (const [base, bits] of networks) reference[familyOf(base)].addSubnet(base, bits, familyOf(base))
      const list = compileAddressList(networks.map(([base, bits]) => `${base}/${bits}`))
      for (const one of [...addresses, ...networks.map(([base]) => base)]) {
        if (/^[0:]+:ffff:/i.test(one)) continue // written as IPv6, but of IPv4
        assert.equal(list.has(one), reference[familyOf(one)].check(one, familyOf(one)), one)
      }
    }),
    { numRuns: 300 },
  )
})

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
