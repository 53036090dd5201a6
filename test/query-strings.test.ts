import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** The query that the backend of an endpoint receives. */
async function forward(t: TestContext, names: readonly string[], search: string, pattern = '/up'): Promise<string> {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const { request } = await startGateway(t, {
    host: [backend.url],
    endpoints: [{ endpoint: '/a/{id}', input_query_strings: names, backend: [{ url_pattern: pattern }] }],
  })
  assert.equal((await request(`/a/7${search}`)).status, 200)
  return (backend.received[0]?.target ?? '').slice('/up'.length)
}

const cases: readonly (readonly [
  title: string,
  names: string[],
  search: string,
  expected: string,
  pattern?: string,
])[] = [
  ['nothing is forwarded by default', [], '?a=1&b=2', ''],
  ['only what is listed, sorted by name', ['b', 'a'], '?c=3&b=2&a=1', '?a=1&b=2'],
  ['with case', ['a'], '?A=1&a=2', '?a=2'],
  ['repeated values in their order', ['b', 'a'], '?b=2&a=z&b=1', '?a=z&b=2&b=1'],
  ['missing ones are skipped', ['a', 'zz'], '?a=1', '?a=1'],
  [
    'names are compared decoded',
    ['items[]', 'é'],
    '?items%5B%5D=1&items[]=2&%C3%A9=3',
    '?items%5B%5D=1&items%5B%5D=2&%C3%A9=3',
  ],
  ['a name without a value gets an empty one', ['b', 'c'], '?b&c=', '?b=&c='],
  ['plus and %20 are a space', ['q'], '?q=a+b%20c%2Bd', '?q=a+b+c%2Bd'],
  [
    'only unreserved characters stay bare',
    ['q'],
    "?q=A-z_0.~!'()*:/?@$,",
    '?q=A-z_0.~%21%27%28%29%2A%3A%2F%3F%40%24%2C',
  ],
  ['hexadecimal digits come out in upper case', ['q'], '?q=%c3%a9%2f', '?q=%C3%A9%2F'],
  ['pairs with an invalid escape are dropped', ['a', 'b', 'c'], '?a=%zz&b=1&%c=2&c=%', '?b=1'],
  ['pairs with a semicolon are dropped', ['a', 'b'], '?a=1;b=2&b=3', '?b=3'],
  ['a value keeps its equals signs', ['a'], '?a=b=c==', '?a=b%3Dc%3D%3D'],
  ['empty pairs are dropped', ['*'], '?&&a=1&&', '?a=1'],
  ['"*" forwards all', ['x', '*'], '?b=2&a=1&%20=3', '?+=3&a=1&b=2'],
  ['"*" and no query', ['*'], '?', ''],
  ['the query of the pattern comes first, as it is written', ['a'], '?a=2', '?z=1&A=b%2fc&a=2', '/up?z=1&A=b%2fc'],
  ['a name in both appears twice', ['z'], '?z=2', '?z=1&z=2', '/up?z=1'],
  ['a parameter stands in the query of the pattern', ['a'], '?a=1', '?id=7&a=1', '/up?id={id}'],
]

for (const [title, names, search, expected, pattern] of cases) {
  test(title, async (t) => assert.equal(await forward(t, names, search, pattern), expected))
}

describe('input_query_strings of the backend', () => {
  test('lets through what both lists name, beside the query of its pattern; "*" is no wildcard there', async (t) => {
    const backend = await startBackend(t, { '*': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      host: [backend.url],
      endpoints: [
        {
          endpoint: '/a',
          input_query_strings: ['*'],
          backend: [
            { url_pattern: '/one?fixed=1', group: 'a', input_query_strings: ['p', 'missing'] },
            { url_pattern: '/star', group: 'b', input_query_strings: ['*'] },
            { url_pattern: '/all', group: 'c' },
          ],
        },
      ],
    })
    await request('/a?q=2&p=1')
    assert.deepEqual(backend.received.map(({ target }) => target).toSorted(), [
      '/all?p=1&q=2',
      '/one?fixed=1&p=1',
      '/star',
    ])
  })
})
