import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseXml } from '@rgrove/parse-xml'
import fc from 'fast-check'
import { ExactNumber } from '../pipes/exact-number.ts'
import type { DataObject } from '../pipes/proxy.ts'
import { createXmlDecoder } from './xml-decoder.ts'
import { encodeXml } from './xml-encoder.ts'

const TABLE: [data: DataObject | null, xml: string][] = [
  [
    { b: 1, a: 'x & <y>', list: [1, 2], o: { k: true, n: null } },
    '<doc><a>x &amp; &lt;y&gt;</a><b>1</b><list>1</list><list>2</list><o><k>true</k><n/></o></doc>',
  ],
  [{ root: { '-id': '7', '#text': 'body' } }, '<root id="7">body</root>'],
  [{ collection: [{ a: 1 }, { a: 2 }] }, '<collection><a>1</a></collection><collection><a>2</a></collection>'],
  [{ collection: [1, 2] }, '<doc><collection>1</collection><collection>2</collection></doc>'],
  [{ collection: [] }, '<collection/>'],
  [{ a: 1, b: { c: 'x' } }, '<doc><a>1</a><b><c>x</c></b></doc>'],
  [{}, '<doc/>'],
  [null, '<doc/>'],
  [{ a: null }, '<a/>'],
  [{ '-a': 'x' }, '<doc a="x"/>'],
  [{ '#text': 'x' }, '<doc>x</doc>'],
  [
    { a: { '-x': 'a"b<c>\n', '-n': null, '-o': { p: 1 } } },
    '<a n="" x="a&quot;b&lt;c&gt;&#xA;"><_x002D_o><p>1</p></_x002D_o></a>',
  ],
  [{ a: new ExactNumber('12345678901234567890') }, '<a>12345678901234567890</a>'],
  [
    { 'first name': 1, '1st': 2, 'a:b': 3, 'a:b:c': 4, '': 5 },
    '<doc><_>5</_><_x0031_st>2</_x0031_st><a:b>3</a:b><a_x003A_b_x003A_c>4</a_x003A_b_x003A_c><first_x0020_name>1</first_x0020_name></doc>',
  ],
  [{ a: 'x\0\ud800y' }, '<a>x\ufffd\ufffdy</a>'],
  [{ a: [[1, 2], [3]] }, '<doc><a><a>1</a><a>2</a></a><a><a>3</a></a></doc>'],
]

for (const [data, xml] of TABLE) {
  test(`writes ${xml}`, () => assert.equal(encodeXml(data), xml))
}

const json = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }))

test('whatever the data, the document is well-formed', () => {
  fc.assert(
    // The second member makes `doc` the root, since a single list may give several roots.
    fc.property(json, (data) => void parseXml(encodeXml({ ...data, one: 1, two: 2 } as DataObject))),
  )
})

test('what XML can hold comes back as text', () => {
  const text = fc.string({ unit: 'grapheme' }).map((value) => value.trim())
  const name = fc.constantFrom('a', 'b', 'cd', 'é', 'x-y')
  const object = fc.dictionary(name, text, { minKeys: 1 })
  fc.assert(
    fc.property(object, (data) => {
      const back = createXmlDecoder(false)(Buffer.from(encodeXml({ root: data })))
      assert.deepEqual(back.root, { ...data })
    }),
  )
})
