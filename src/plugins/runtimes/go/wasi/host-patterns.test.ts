import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHostPattern } from '../../../../config/host-pattern.ts'
import { HostGrants } from './host-grants.ts'

const PATTERNS = [
  [
    'api.example.com',
    'API.example.com:443',
    '*.example.com',
    '*.example.com:80',
    'a',
    'a_b.c',
    'example.com.',
    'localhost',
  ],
  ['10.0.0.1', '10.0.0.1:80', '10.0.0.0/8', '10.0.0.0/8:80', '::1', '[::1]', '[::1]:443', 'fd00::/8', '[fd00::/8]:443'],
  ['', ' ', '*', '*.', 'a.*', 'a..b', '-a', 'http://a', 'a/b', 'a:', 'a:0', 'a:65536', 'a:b', ':80', '[::1', '[::1]x'],
  ['10.0.0.0/33', 'fd00::/129', '10.0.0', '1', '10.0.0.0/8/8', '10.0.0.0/', 'fe80::1%eth0', '[a]', '256.1.1.1', 'a b'],
].flat()

test('the configuration accepts as hosts what guests are held to', () => {
  for (const pattern of PATTERNS) {
    let held = true
    try {
      new HostGrants([pattern])
    } catch {
      held = false
    }
    assert.equal(parseHostPattern(pattern) !== null, held, `"${pattern}"`)
  }
})
