import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError, createTestGateway, type Script } from 'loligo/testing'
import { elasticsearchQuery } from './index.ts'

const HOST = 'http://search.test:9200'
const OPTIONS = {
  search: ['name^3', 'text'],
  filters: {
    brand: { field: 'brand.keyword' },
    year: { field: 'year', type: 'integer' },
    available: { field: 'stock.available', type: 'boolean' },
  },
  ranges: { price: { field: 'price', type: 'number' }, since: { field: 'created_at', type: 'date' } },
  sort: { price: 'price', newest: 'created_at' },
}
const FOUND = {
  took: 3,
  timed_out: false,
  _shards: { failed: 0 },
  hits: { total: { value: 0, relation: 'eq' }, hits: [] },
}

function configWith(options: object) {
  const extra_config = {
    'plugin/req-resp-modifier': {
      name: ['elasticsearch-query'],
      'elasticsearch-query': { ...OPTIONS, ...options },
    },
  }
  return {
    host: [HOST],
    endpoints: ['GET', 'POST'].map((method) => ({
      ...{ endpoint: '/products', method, input_query_strings: ['*'], input_headers: ['Content-Encoding'] },
      backend: [{ url_pattern: '/products/_search?pretty=false', extra_config }],
    })),
  }
}

async function open(t: TestContext, found: Script = { json: FOUND }, options: object = {}) {
  const gateway = await createTestGateway({
    ...{ t, plugins: [elasticsearchQuery], config: configWith(options), upstreams: { [HOST]: found } },
  })
  return {
    gateway,
    /** What Elasticsearch is asked for what a client asks. */
    asked: async (target: string, json?: unknown) => {
      const answer = await gateway.fetch(target, json === undefined ? {} : { json })
      assert.equal(answer.status, 200, await answer.text())
      return gateway.calls().at(-1)?.json<Record<string, unknown>>()
    },
    /** Why a client is refused. */
    refused: async (target: string, body?: string) => {
      const answer = await gateway.fetch(target, body === undefined ? {} : { body })
      assert.equal(answer.status, 400)
      return (await answer.json<{ error: string }>()).error
    },
  }
}

test('query strings become a search', async (t) => {
  const { gateway, asked } = await open(t)
  const target =
    '/products?q=squid+ink&brand=a&brand=b&year=2026&available=true&price.gte=1.5&price.lt=20&since.gt=2026-03-01&sort=-price,newest&page=3&size=20'
  assert.deepEqual(await asked(target), {
    query: {
      bool: {
        must: [{ multi_match: { query: 'squid ink', fields: ['name^3', 'text'], operator: 'and' } }],
        filter: [
          { terms: { 'brand.keyword': ['a', 'b'] } },
          { terms: { year: [2026] } },
          { terms: { 'stock.available': [true] } },
          { range: { price: { gte: 1.5, lt: 20 } } },
          { range: { created_at: { gt: '2026-03-01' } } },
        ],
      },
    },
    ...{ from: 40, size: 20, _source: true },
    sort: [{ price: { order: 'desc' } }, { created_at: { order: 'asc' } }],
  })
  const [call] = gateway.calls()
  assert.deepEqual([call?.method, call?.url], ['POST', `${HOST}/products/_search?pretty=false`])
  assert.equal(call?.headers.get('Content-Type'), 'application/json')
})

test('a body asks for the same', async (t) => {
  const { gateway, asked } = await open(t)
  const body = {
    ...{ q: 'squid', brand: ['a', 'b'], year: 2026, available: false },
    ...{ price: { gte: 1.5 }, sort: ['-price'], page: 2, size: 5 },
  }
  const fromBody = await asked('/products', body)
  const target = '/products?q=squid&brand=a&brand=b&year=2026&available=false&price.gte=1.5&sort=-price&page=2&size=5'
  assert.deepEqual(fromBody, await asked(target))
  const headers = { 'Content-Encoding': 'identity' }
  await gateway.fetch('/products?page=2', { json: { size: 5 }, headers })
  assert.equal(gateway.calls().at(-1)?.headers.get('Content-Encoding'), null)
})

test('without anything all is found, as much of it as is configured', async (t) => {
  const { asked } = await open(t, { json: FOUND }, { fields: ['name', 'price'], size: 7 })
  assert.deepEqual(await asked('/products'), { query: { match_all: {} }, from: 0, size: 7, _source: ['name', 'price'] })
  assert.deepEqual(await asked('/products?q='), {
    query: { match_all: {} },
    from: 0,
    size: 7,
    _source: ['name', 'price'],
  })
})

test('texts of clients are values, whatever they hold', async (t) => {
  const { asked } = await open(t)
  const text = '"}},{"match_all":{}} AND name:*'
  const search = await asked(`/products?q=${encodeURIComponent(text)}&brand=${encodeURIComponent(text)}`)
  const { must, filter } = (search as { query: { bool: { must: unknown; filter: unknown } } }).query.bool
  assert.deepEqual(must, [{ multi_match: { query: text, fields: ['name^3', 'text'], operator: 'and' } }])
  assert.deepEqual(filter, [{ terms: { 'brand.keyword': [text] } }])
})

test('what is not configured, too much or of another type is refused', async (t) => {
  const { gateway, refused } = await open(t)
  for (const [query, message] of [
    ['colour=red', 'colour is not known'],
    ['price=3', 'price is not known'],
    ['price.like=3', 'price.like is not known'],
    ['__proto__=3', '__proto__ is not known'],
    ['sort=secret', 'sort must be one of price, newest'],
    ['sort=price,-toString', 'sort must be one of price, newest'],
    ['sort=price,price,price,price,price,price', 'sort may have at most 5 names'],
    ['year=2026.5', 'year must be a whole number'],
    ['price.gte=1e9', 'price.gte must be a number'],
    ['price.gte=1&price.gte=2', 'price.gte may have one value'],
    ['available=yes', 'available must be true or false'],
    ['since.gte=now-1d', 'since.gte must be a date, such as 2026-03-01 or 2026-03-01T12:00:00Z'],
    ['since.gte=2026-13-01', 'since.gte must be a date, such as 2026-03-01 or 2026-03-01T12:00:00Z'],
    ['page=0', 'page must be from 1 to 9007199254740991'],
    ['size=101', 'size must be from 1 to 100'],
    ['page=101&size=100', 'page times size may be at most 10000'],
    [`q=${'x'.repeat(257)}`, 'q must be a text of 1 to 256 characters'],
    [Array.from({ length: 51 }, (_, i) => `brand=${i}`).join('&'), 'brand may have at most 50 values'],
  ] as const) {
    assert.equal(await refused(`/products?${query}`), message)
  }
  for (const [body, message] of [
    ['{', 'the body is no JSON'],
    ['[]', 'the body must be an object'],
    ['{"query":{"match_all":{}}}', 'query is not known'],
    ['{"brand":{"$ne":1}}', 'brand must be a text of 1 to 256 characters'],
    ['{"price":{"gte":{}}}', 'price.gte must be a text of 1 to 256 characters'],
    ['{"price":3}', 'price is not known'],
  ] as const) {
    assert.equal(await refused('/products', body), message)
  }
  assert.equal(await refused('/products?page=1', '{"page":2}'), 'page is given twice')
  assert.equal((await gateway.fetch('/products', { body: ' '.repeat(65_537) })).status, 413)
  assert.equal(gateway.calls().length, 0)
})

test('q is refused where nothing is searched by text', async (t) => {
  const { refused } = await open(t, { json: FOUND }, { search: [] })
  assert.equal(await refused('/products?q=a'), 'q is not known')
})

test('hits become flat items, beside what is needed to leaf through them', async (t) => {
  const hits = [
    { _index: 'p', _id: 'a', _score: 1.5, _source: { name: 'ink', id: 'other', sku: 1 } },
    { _index: 'p', _id: 'b', _score: null },
  ]
  const body = JSON.stringify({ ...FOUND, hits: { total: { value: 10_000, relation: 'gte' }, hits } })
  const big = body.replace('"sku":1', '"sku":9007199254740993')
  const { gateway } = await open(t, { body: big, headers: { 'Content-Type': 'application/json' } })
  const answer = await gateway.fetch('/products?page=4&size=2')
  assert.equal(
    await answer.text(),
    '{"total":10000,"exact":false,"page":4,"size":2,"items":[{"name":"ink","id":"a","sku":9007199254740993},{"id":"b"}]}',
  )
  assert.equal(answer.headers.get('X-Krakend-Completed'), 'true')
})

test('requests at the same time do not mix', async (t) => {
  const { gateway } = await open(t)
  const pages = await Promise.all(
    [1, 2, 3].map(async (page) => (await gateway.fetch(`/products?page=${page}`)).json<{ page: number }>()),
  )
  assert.deepEqual(
    pages.map(({ page }) => page),
    [1, 2, 3],
  )
})

test('totals of older versions are read, and the id may have another name', async (t) => {
  const hits = { total: 1, hits: [{ _id: 'a', _source: { id: 7 } }] }
  const { gateway } = await open(t, { json: { ...FOUND, hits } }, { id: '_key' })
  const found = { total: 1, exact: true, page: 1, size: 10, items: [{ id: 7, _key: 'a' }] }
  assert.deepEqual(await (await gateway.fetch('/products')).json(), found)
})

test('a search that did not see everything is not complete', async (t) => {
  for (const flaw of [{ timed_out: true }, { _shards: { failed: 1 } }]) {
    const { gateway } = await open(t, { json: { ...FOUND, ...flaw } })
    assert.equal((await gateway.fetch('/products')).headers.get('X-Krakend-Completed'), 'false')
  }
})

test('an answer without hits is none', async (t) => {
  for (const json of [{}, { hits: [] }, { hits: { hits: {} } }, { error: 'no such index' }]) {
    const { gateway } = await open(t, { json })
    assert.equal((await gateway.fetch('/products')).status, 502)
  }
})

test('what cannot work stops the start', async () => {
  const block = { 'plugin/req-resp-modifier': { name: ['elasticsearch-query'] } }
  const backend = [{ host: [HOST], url_pattern: '/a' }]
  const atEndpoint = { endpoints: [{ endpoint: '/a', backend, extra_config: block }] }
  for (const [config, message] of [
    [atEndpoint, /this stands at a backend/],
    [configWith({ size: 11, max_size: 10 }), /"size" \(11\) is larger than "max_size" \(10\)/],
    [configWith({ filters: { page: { field: 'page' } } }), /the name "page" is taken/],
    [configWith({ ranges: { brand: { field: 'brand' } } }), /the name "brand" is taken/],
    [configWith({ filters: { 'price.gt': { field: 'x' } } }), /the name "price.gt" is taken/],
    [configWith({ filters: { a: { field: 'a', type: 'text' } } }), /type/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [elasticsearchQuery], config }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:9200': { 'POST /products/_search': { json: FOUND } } },
  })
  const answer = await gateway.fetch('/products?q=ink&available=true&sort=-price')
  assert.deepEqual(await answer.json(), { total: 0, exact: true, page: 1, size: 10, items: [] })
})
