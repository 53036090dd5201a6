import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { connectRaw } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

type Bots = Readonly<Record<string, unknown>>

async function start(
  t: TestContext,
  { service, endpoint, lenient = false }: { service?: Bots; endpoint?: Bots; lenient?: boolean },
): Promise<StartedGateway> {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const extra = (bots: Bots | undefined) => (bots === undefined ? {} : { 'security/bot-detector': bots })
  const config = {
    host: [backend.url],
    extra_config: extra(service),
    endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up' }], extra_config: extra(endpoint) }],
  }
  return startGateway(t, config, { lenient })
}

const agent = (text: string) => ({ headers: { 'User-Agent': text } })

describe('verdicts', () => {
  const service = {
    allow: ['GoodBot/1.0'],
    deny: ['Scraper', 'GoodBot/1.0'],
    patterns: ['(?i)(crawl|spider)', '^curl/\\d+', '\\bbot\\b', '[[:upper:]]{4}\\z'],
  }
  for (const [text, status] of [
    ['GoodBot/1.0', 200],
    ['Scraper', 403],
    ['scraper', 200],
    ['Scraper 2', 200],
    ['x sPiDeR y', 403],
    ['curl/8', 403],
    ['my curl/8', 200],
    ['a bot here', 403],
    ['robots', 200],
    ['xxABCD', 403],
    ['ABCDx', 200],
    ['Mozilla/5.0 (X11; Linux x86_64)', 200],
  ] as const) {
    for (const cache_size of [0, 2]) {
      test(`${text}: ${status}${cache_size > 0 ? ', remembered' : ''}`, async (t) => {
        const { request } = await start(t, { service: { ...service, cache_size } })
        for (const other of ['a', 'b', 'c']) await request('/a', agent(other))
        for (let i = 0; i < 2; i++) assert.equal((await request('/a', agent(text))).status, status)
      })
    }
  }
})

describe('without a user agent', () => {
  for (const [empty_user_agent_is_bot, status] of [
    [true, 403],
    [false, 200],
  ] as const) {
    test(`empty_user_agent_is_bot: ${empty_user_agent_is_bot}`, async (t) => {
      const { request } = await start(t, { endpoint: { empty_user_agent_is_bot, patterns: ['^$'] } })
      assert.equal((await request('/a')).status, status)
      assert.equal((await request('/a', agent(''))).status, status)
    })
  }
})

test('the refusal is bare, logged as in the reference, and holds at both levels', async (t) => {
  const { request, log, accessLog } = await start(t, { service: { deny: ['one'] }, endpoint: { deny: ['two'] } })
  for (const text of ['one', 'two']) {
    const { status, body, rawHeaders } = await request('/a', agent(text))
    assert.deepEqual([status, body], [403, ''])
    assert.deepEqual(
      rawHeaders.filter((_, i) => i % 2 === 0),
      ['Content-Length', 'Date', 'Connection'],
    )
  }
  assert.equal((await log.findAll(/ERROR.*\[SERVICE: Gin\]\[Botdetector\] bot rejected$/, 2)).length, 2)
  assert.equal((await accessLog.findAll(/ 403 /, 2)).length, 2)
})

test('the service guards unknown paths, and not the health endpoint', async (t) => {
  const { request } = await start(t, { service: { patterns: ['.'] } })
  assert.equal((await request('/none', agent('x'))).status, 403)
  assert.equal((await request('/__health', agent('x'))).status, 200)
  assert.equal((await request('/__%68ealth', agent('x'))).status, 403)
})

describe('hostile user agents', () => {
  // Each takes an engine that backtracks longer than the test may.
  const patterns = [
    '(a+)+$',
    '(\\w+\\s?)*x$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(x+x+)+y',
    '(a|b)*a(a|b){15}c',
    '(?i)(a|aa)+$',
  ]
  const hostile = ['a'.repeat(100_000), 'aaaa '.repeat(20_000), 'x'.repeat(100_000), 'ab'.repeat(50_000)]

  test('of 100 kB are judged in time', { timeout: 10_000 }, async (t) => {
    const { request } = await start(t, { service: { patterns, cache_size: 10 } })
    for (const text of hostile) {
      const { status } = await request('/a', agent(`${text}!`))
      assert.equal(status, 200)
    }
  })

  test('bytes that are no text are judged as they are', async (t) => {
    const { port } = await start(t, { service: { patterns: ['\\xff\\x{e9}'] } })
    const connection = connectRaw(t, port)
    connection.write('GET /a HTTP/1.1\r\nHost: g\r\nUser-Agent: \xff\xe9\r\nConnection: close\r\n\r\n')
    assert.match(await connection.closed, /^HTTP\/1\.1 403 /)
  })
})

describe('a pattern that RE2 does not take', () => {
  for (const pattern of ['(?=a)', '(a)\\1', '(', '[z-a]', 'a{2000}']) {
    test(`${pattern} stops the start, with its place`, async (t) => {
      await assert.rejects(start(t, { endpoint: { patterns: ['ok', pattern] } }), ({ message }: Error) => {
        assert.ok(message.startsWith('endpoints[0].extra_config."security/bot-detector".patterns: '), message)
        assert.ok(message.includes(JSON.stringify(pattern)), message)
        return true
      })
    })
  }

  test('with --lenient nothing is guarded, and a warning says so', async (t) => {
    const { request, log } = await start(t, { service: { deny: ['x'], patterns: ['('] }, lenient: true })
    assert.equal((await request('/a', agent('x'))).status, 200)
    assert.match(
      await log.find(/WARNING.*Botdetector/),
      /security\/bot-detector".patterns: "\(".*no user agent is refused here/,
    )
  })
})

test('a block that refuses nothing is warned of', async (t) => {
  const { diagnostics } = await start(t, { service: { allow: ['x'] } })
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['CONFIG_WITHOUT_EFFECT'],
  )
})
