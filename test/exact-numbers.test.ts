import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderList } from '../src/pipes/headers.ts'
import { HttpResponse } from '../src/pipes/http.ts'
import { inMemory } from './support/in-memory.ts'

const BIG = '12345678901234567890'
const LONG = '0.12345678901234567890'
const ROUND = '100000000000000000000000'

const flatmap = { flatmap_filter: [{ type: 'move', args: ['d.big', 'd.x.big'] }] }
const body = `{"d":{"big":${BIG},"long":${LONG},"round":${ROUND},"list":[${BIG},${LONG}],"plain":1.5}}`
const inner = `"big":${BIG},"long":${LONG},"round":${ROUND},"list":[${BIG},${LONG}],"plain":1.5`

for (const [name, endpoint, expected] of [
  ['a single answer', { backend: [{ url_pattern: '/' }] }, `{"d":{${inner}}}`],
  ['target and group', { backend: [{ url_pattern: '/', target: 'd', group: 'g' }] }, `{"g":{${inner}}}`],
  ['allow', { backend: [{ url_pattern: '/', allow: ['d.big'] }] }, `{"d":{"big":${BIG}}}`],
  [
    'deny',
    { backend: [{ url_pattern: '/', deny: ['d.big', 'd.list', 'd.round'] }] },
    `{"d":{"long":${LONG},"plain":1.5}}`,
  ],
  ['mapping', { backend: [{ url_pattern: '/', mapping: { d: 'e' } }] }, `{"e":{${inner}}}`],
  [
    'a merge',
    { backend: [1, 2, 3, 4].map((i) => ({ url_pattern: '/', group: `g${i}`, target: 'd', allow: ['long'] })) },
    `{"g1":{"long":${LONG}},"g2":{"long":${LONG}},"g3":{"long":${LONG}},"g4":{"long":${LONG}}}`,
  ],
  [
    'a sequence',
    {
      backend: [{ url_pattern: '/' }, { url_pattern: '/', group: 'g' }],
      extra_config: { proxy: { sequential: true } },
    },
    `{"d":{${inner}},"g":{"d":{${inner}}}}`,
  ],
  [
    'flatmap',
    { backend: [{ url_pattern: '/', extra_config: { proxy: flatmap } }] },
    `{"d":{"x":{"big":${BIG}},"long":${LONG},"round":${ROUND},"list":[${BIG},${LONG}],"plain":1.5}}`,
  ],
  [
    'static data',
    { backend: [{ url_pattern: '/' }], extra_config: { proxy: { static: { data: { s: 1 } } } } },
    `{"d":{${inner}},"s":1}`,
  ],
  ['concurrent calls', { concurrent_calls: 2, backend: [{ url_pattern: '/' }] }, `{"d":{${inner}}}`],
  [
    'json-collection',
    { output_encoding: 'json-collection', backend: [{ url_pattern: '/list', is_collection: true }] },
    `[${BIG}]`,
  ],
  [
    'xml',
    { output_encoding: 'xml', backend: [{ url_pattern: '/', target: 'd', allow: ['big', 'round'] }] },
    `<doc><big>${BIG}</big><round>${ROUND}</round></doc>`,
  ],
  [
    'yaml',
    { output_encoding: 'yaml', backend: [{ url_pattern: '/', target: 'd', allow: ['list'] }] },
    `list:\n- ${BIG}\n- ${LONG}\n`,
  ],
] as const) {
  test(`numbers keep their digits through ${name}`, async (t) => {
    const send = await inMemory(t, { endpoints: [{ endpoint: '/x', ...endpoint }] }, async (request) => {
      return new HttpResponse(200, new HeaderList(), request.path === '/list' ? `[${BIG}]` : body)
    })
    const response = await send('/x')
    const text = await response.text()
    if (text.startsWith('{')) assert.deepEqual(parseExactly(text), parseExactly(expected))
    else assert.equal(text, expected)
  })
}

/** Parses with every number as the text it was written as. */
function parseExactly(text: string): unknown {
  const parse = JSON.parse as (
    text: string,
    reviver: (k: string, v: unknown, c: { source: string }) => unknown,
  ) => unknown
  return parse(text, (_, value, { source }) => (typeof value === 'number' ? `number ${source}` : value))
}

const decimals = fc.oneof(
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  fc.tuple(fc.integer(), fc.stringMatching(/^\d{1,30}$/)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(fc.integer(), fc.integer({ min: -400, max: 400 })).map(([digits, power]) => `${digits}e${power}`),
)

test('any number reaches the client with its value, alone and merged', async (t) => {
  let sent = ''
  const one = { url_pattern: '/', allow: ['n'] }
  const send = await inMemory(
    t,
    {
      endpoints: [
        { endpoint: '/one', backend: [one] },
        { endpoint: '/two', backend: [one, { ...one, group: 'g' }] },
      ],
    },
    async () => new HttpResponse(200, new HeaderList(), `{"n":[${sent}]}`),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(decimals, { maxLength: 5 }), async (numbers) => {
      sent = numbers.join(',')
      const one = /^\{"n":\[(.*)\]\}$/.exec(await (await send('/one')).text())?.[1] ?? assert.fail()
      const two = /"g":\{"n":\[(.*)\]\}\}$/.exec(await (await send('/two')).text())?.[1] ?? assert.fail()
      for (const list of [one, two]) {
        const received = list === '' ? [] : list.split(',')
        assert.deepEqual(received.map(valueOf), numbers.map(valueOf))
      }
    }),
    { numRuns: 300 },
  )
})

/** The exact value of a decimal as its significant digits and their power of ten. */
function valueOf(text: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? assert.fail(text)
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  return significant === ''
    ? '0'
    : `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}
