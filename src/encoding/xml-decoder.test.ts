import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError } from './decode-error.ts'
import { createXmlDecoder } from './xml-decoder.ts'

const decode = createXmlDecoder(false)

const TABLE: [what: string, xml: string, expected: unknown][] = [
  ['text', '<a> x </a>', { a: 'x' }],
  ['an empty element', '<a/>', { a: '' }],
  ['an attribute', '<a b="1"/>', { a: { '-b': '1' } }],
  ['text beside an attribute', '<a b="1"> x\n</a>', { a: { '-b': '1', '#text': 'x' } }],
  ['text before a child', '<a>x<b>1</b></a>', { a: { '#text': 'x', b: '1' } }],
  ['text after a child, which is lost', '<a><b>1</b>x</a>', { a: { b: '1' } }],
  ['repeated elements', '<a><b>1</b><c/><b>2</b><b d="3"/></a>', { a: { b: ['1', '2', { '-d': '3' }], c: '' } }],
  ['prefixes', '<p:a xmlns:p="u" p:b="1"><p:c>x</p:c></p:a>', { a: { '-p': 'u', '-b': '1', c: 'x' } }],
  ['CDATA', '<a><![CDATA[<b>&amp;]]></a>', { a: '<b>&amp;' }],
  ['entities and references', '<a>A &amp; B &#65;&#x42;</a>', { a: 'A & B AB' }],
  ['comments and instructions', '<?x y?><a><!-- n -->x<?p i?></a>', { a: 'x' }],
  ['a no-break space as text', '<a>&#160;</a>', { a: '\u00a0' }],
  ['an element named as a text', '<a><text>x</text></a>', { a: { text: 'x' } }],
  [
    'a whole document',
    '<?xml version="1.0" encoding="UTF-8"?>\n<catalog lang="en"><book id="1"><title>A &amp; B</title></book><book id="2"><title kind="short">C</title><empty/></book><note>only</note></catalog>',
    {
      catalog: {
        '-lang': 'en',
        book: [
          { '-id': '1', title: 'A & B' },
          { '-id': '2', empty: '', title: { '#text': 'C', '-kind': 'short' } },
        ],
        note: 'only',
      },
    },
  ],
]

for (const [what, xml, expected] of TABLE) {
  test(`decodes ${what}`, () => assert.deepEqual(decode(Buffer.from(xml)), expected))
}

test('a collection puts the document under collection', () => {
  assert.deepEqual(createXmlDecoder(true)(Buffer.from('<a>x</a>')), { collection: { a: 'x' } })
})

test('the charset of the prolog counts, a byte order mark before it', () => {
  const prolog = (charset: string) => `<?xml version="1.0" encoding="${charset}"?><a>é</a>`
  assert.deepEqual(decode(Buffer.from(prolog('ISO-8859-1'), 'latin1')), { a: 'é' })
  assert.deepEqual(decode(Buffer.from('<?xml version="1.0" encoding="windows-1251"?><a>\u00c6</a>', 'latin1')), {
    a: 'Ж',
  })
  assert.deepEqual(decode(Buffer.from(`\ufeff${prolog('utf-16')}`, 'utf16le')), { a: 'é' })
  assert.deepEqual(decode(Buffer.from(`\ufeff${prolog('utf-16')}`, 'utf16le').swap16()), { a: 'é' })
  assert.deepEqual(decode(Buffer.from(`\ufeff${prolog('utf-8')}`)), { a: 'é' })
  assert.throws(() => decode(Buffer.from(prolog('klingon'))), /the charset "klingon" of its prolog is not supported/)
})

test('names that JavaScript knows are data', () => {
  const data = decode(Buffer.from('<a><__proto__><x>1</x></__proto__><constructor>2</constructor></a>'))
  assert.equal(JSON.stringify(data), '{"a":{"__proto__":{"x":"1"},"constructor":"2"}}')
  assert.equal(JSON.stringify(decode(Buffer.from('<__proto__ __proto__="1"/>'))), '{"__proto__":{"-__proto__":"1"}}')
  assert.equal(JSON.stringify(decode(Buffer.from('<a><__proto__/><__proto__/></a>'))), '{"a":{"__proto__":["",""]}}')
})

const BROKEN: [what: string, xml: string][] = [
  ['nothing', ''],
  ['text', 'hello'],
  ['a missing end', '<a><b></a>'],
  ['two roots', '<a/><b/>'],
  ['an undefined entity', '<a>&nbsp;</a>'],
  ['an entity of a DTD', '<!DOCTYPE a [<!ENTITY e "boom">]><a>&e;</a>'],
  ['an external entity', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'],
  ['600 levels', '<a>'.repeat(600) + '</a>'.repeat(600)],
  ['100000 levels', '<a>'.repeat(100_000) + '</a>'.repeat(100_000)],
]

for (const [what, xml] of BROKEN) {
  test(`refuses ${what}`, () => assert.throws(() => decode(Buffer.from(xml)), DecodeError))
}

test('500 levels pass', () => {
  assert.equal(JSON.stringify(decode(Buffer.from('<a>'.repeat(500) + '</a>'.repeat(500)))).length, 500 * 6 + 2)
})
