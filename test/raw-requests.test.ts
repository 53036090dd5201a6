import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startSeeingBackend } from './support/calls-seen.ts'
import { readAnswers } from './support/read-answers.ts'
import { startGateway } from './support/start-gateway.ts'

/** One entry of `raw-requests/requests.json`: bytes of one connection, and what has to become of them. */
interface Case {
  readonly title: string
  /** Latin1. `{a*100}` stands for a hundred times `a`. */
  readonly send: string
  /** The statuses of all answers, in order. */
  readonly answers: readonly number[]
  /** How many calls reach the upstream whole; `broken`: none does, though one may begin. */
  readonly calls: number | 'broken'
  /** Whether the gateway closes the connection by itself; otherwise it answers one request more. */
  readonly closes: boolean
  /** Of the first call: its body, its path, fields that it has, and names of those that it has not. */
  readonly body?: string
  readonly path?: string
  readonly sees?: Readonly<Record<string, string>>
  readonly without?: readonly string[]
  /** The request is a HEAD. */
  readonly head?: boolean
}

interface Group {
  readonly about: string
  readonly cases: readonly Case[]
}

const FILE = join(import.meta.dirname, 'raw-requests/requests.json')
const groups = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Group[]

const PROBE = 'GET /__health HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n'

for (const { about, cases } of groups) {
  describe(about, async () => {
    for (const item of cases) {
      test(item.title, { timeout: 10_000 }, async (t) => {
        const backend = await startSeeingBackend(t)
        const to = (url_pattern: string) => ({ input_headers: ['*'], backend: [{ url_pattern, method: 'POST' }] })
        const limited = { extra_config: { proxy: { max_payload: 10 } } }
        const gateway = await startGateway(t, {
          host: [backend.url],
          max_header_bytes: 8192,
          endpoints: [
            ...['GET', 'POST', 'DELETE'].map((method) => ({ endpoint: '/x', method, ...to('/up') })),
            { endpoint: '/p/{id}', ...to('/up/{id}') },
            { endpoint: '/limited', method: 'POST', ...to('/up'), ...limited },
          ],
        })
        const client = gateway.connect()
        client.write(expanded(item.send))
        if (!item.closes) {
          await client.until({ test: (text: string) => isAnswered(text, item) } as RegExp)
          client.write(PROBE)
        }
        const { answers, rest } = readAnswers(await client.closed, item.head)
        const statuses = answers.map(({ status }) => status)
        assert.deepEqual(statuses, item.closes ? item.answers : [...item.answers, 200])
        assert.equal(rest, '')
        check(item, backend.calls)
        while (gateway.listener.active > 0) await new Promise(setImmediate)
        assert.equal((await gateway.request('/x')).status, 200)
      })
    }
  })
}

function expanded(text: string): string {
  return text.replace(/\{([^{}]+)\*(\d+)\}/g, (_, part: string, times: string) => part.repeat(Number(times)))
}

function isAnswered(text: string, { answers, head }: Case): boolean {
  return readAnswers(text, head).answers.length >= answers.length
}

function check(
  { calls, body, path, sees = {}, without = [] }: Case,
  seen: Awaited<ReturnType<typeof startSeeingBackend>>['calls'],
): void {
  const whole = seen.filter((call) => call.body !== null)
  assert.equal(whole.length, calls === 'broken' ? 0 : calls, 'calls that reached the upstream')
  if (calls === 0) assert.equal(seen.length, 0, 'calls that began')
  const first = whole[0]
  if (body !== undefined) assert.equal(first?.body, body)
  if (path !== undefined) assert.equal(first?.target, path)
  for (const [name, value] of Object.entries(sees)) assert.equal(first?.fields[name], value, name)
  for (const name of without) assert.equal(first?.fields[name], undefined, name)
}

for (const [title, head] of [
  ['CONNECT', 'CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['garbage', 'GARBAGE\r\n\r\n'],
  ['two hosts', 'GET /x HTTP/1.1\r\nHost: g\r\nHost: h\r\n\r\n'],
] as const) {
  test(`a client that breaks off behind ${title} does no harm`, { timeout: 10_000 }, async (t) => {
    const gateway = await startGateway(t, {})
    // Half open, for a socket that ends cannot be reset any more.
    const clients = Array.from({ length: 20 }, () =>
      connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {}),
    )
    const answered = clients.map((client) => once(client, 'data'))
    for (const client of clients) client.write(head)
    await Promise.all(answered)
    for (const client of clients) client.resetAndDestroy()
    for (let i = 0; i < 20; i++) await gateway.request('/__health')
    assert.equal((await gateway.request('/__health')).status, 200)
  })
}
