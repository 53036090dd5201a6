import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { type Answer, type RequestOptions, request } from '../support/client.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { startBackend } from '../support/start-backend.ts'
import { FOLDER, ROUTES, startCases } from './sources/handlers/start.ts'

type Case = readonly [method: string, target: string, name: string, options?: RequestOptions]

const LINES = 'line one\nline two\n'
const BIG = Buffer.alloc(1 << 20, `${'0123456789'.repeat(50)}\n`)
const FORM = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'a=1&b=two+words&a=3' }

/** Answers that the handlers make by themselves, from the first line to a body of some megabytes. */
const ANSWERS = [
  ...['struct', 'error', 'redirect', 'redirect-abs', 'redirect-handler', 'notfound', 'chain-own', 'gzip', 'controller'],
  ...['readfrom', 'twice', 'afterwards', '204', '304', '204-empty', 'nothing', 'only-header', 'empty-write'],
  ...['empty-only', 'head-long', 'head-short', 'head-big', 'head-flush', 'declared-too-short', 'sniff-html'],
  ...['sniff-json', 'sniff-xml', 'sniff-png', 'sniff-bin', 'sniff-pdf', 'sniff-parts', 'sniff-stream', 'sniff-none'],
  ...['sniff-empty', 'sniff-encoded', 'sniff-te', 'multi', 'set-date', 'te-header', 'te-identity', 'header-after'],
  ...['header-after-write', 'status-bad', 'recovered', 'cookies', 'dump', 'strip', 'servecontent', 'pathvalue'],
]

/** What stands around the rest of the gateway. */
const AROUND = [
  ...['timeout-ok', 'recorder', 'recorder-result', 'chain', 'status', 'status-trailer', 'upper', 'buffered', 'next-0'],
  ...['next', 'next-derived', 'next-clone', 'next-twice-writer', 'next-retry', 'next-goroutine', 'next-method'],
  ...['next-host', 'next-headers-before', 'next-write-before', 'next-write-after', 'next-404', 'next-json'],
  ...['next-flush', 'proxy', 'proxy-rewrite'],
]

const BODIES = [
  ...['next', 'next-body', 'next-body-stream', 'next-body-peek', 'next-body-nil', 'next-body-nobody', 'next-tee'],
  ...['next-retry', 'recorder', 'copy', 'echo-stream', 'big-in', 'big-unread', 'read-after-answer', 'close-body'],
  ...['read-twice', 'maxbytes', 'describe', 'proxy', 'nothing'],
]

const TARGETS = [
  ...[
    '/n/a%20b',
    '/n/%C3%A4',
    '/n/a+b?x=a+b',
    '/n/x?a=1;b=2',
    '/n/x?a&b=',
    '/n/x?',
    "/n/a'b(c)*!~@:$&,;=",
    '/n/x?a=%zz',
  ],
  ...['/n/a%2Fb', '/n//x', '/n/./x', '/n/x?a=b?c=d', '/n/a|b^c`d{e}"', '/n/%', '//n/x'],
]

const CASES: readonly Case[] = [
  ...ANSWERS.flatMap((name): Case[] => [
    ['GET', '/n/x?a=1&b=2', name],
    ['HEAD', '/n/x', name],
  ]),
  ...['timeout', 'sse', 'big-out', ...AROUND].map((name): Case => ['GET', '/n/x?a=1&b=2', name]),
  ...BODIES.map((name): Case => ['POST', '/n/x', name, { body: LINES }]),
  ...['next', 'next-body-stream', 'next-tee', 'big-in', 'echo-stream', 'recorder'].flatMap((name): Case[] => [
    ['POST', '/n/x', name, { body: BIG }],
    ['POST', '/n/x', name, { body: BIG, headers: { 'Transfer-Encoding': 'chunked' } }],
  ]),
  ['POST', '/n/x', 'describe', { body: LINES, headers: { 'Transfer-Encoding': 'chunked' } }],
  ...TARGETS.map((target): Case => ['GET', target, 'describe']),
  ...['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'].map((method): Case => [method, '/n/x', 'describe']),
  ...['/m/5', '/m/exact/', '/m/exact', '/sub', '/sub/a', '/n/x', '/m/a%2Fb', '/none', '/sub//a/../b'].map(
    (target): Case => ['GET', target, 'mux'],
  ),
  ['POST', '/m/5', 'mux'],
  ['POST', '/m/5/x/a/b', 'mux'],
  ...['/', '/index.html', '/a.css', '/dir', '/dir/', '/dir/x.json', '/nope'].flatMap((target): Case[] => [
    ['GET', target, 'fileserver'],
    ['HEAD', target, 'fileserver'],
  ]),
  ['GET', '/a.css', 'fileserver', { headers: { Range: 'bytes=1-4' } }],
  ['GET', '/a.css', 'fileserver', { headers: { Range: 'bytes=9999-' } }],
  ['GET', '/files/a.css', 'fileserverfs'],
  ['POST', '/n/x?a=q&c=d', 'form', FORM],
  ['PUT', '/n/x?a=q', 'form', FORM],
  ['GET', '/n/x?a=q&b=r', 'form'],
  ['POST', '/n/x?a=q', 'parseform', FORM],
  ['POST', '/n/x', 'next-body-consumed-form', FORM],
  ['POST', '/n/x', 'multipart', multipart()],
  ['POST', '/n/x', 'multipart-reader', multipart()],
  ['POST', '/n/x', 'multipart', { body: 'x' }],
  ['POST', '/n/x', 'form', multipart()],
  ['GET', '/n/x', 'basic'],
  ['GET', '/n/x', 'basic', { headers: { Authorization: 'Basic YTpi', Referer: 'http://r/' } }],
  ['GET', '/n/x', 'cookies', { headers: { Cookie: 'in=1; b=2' } }],
  ['GET', '/n/x', 'describe', { headers: { 'X-Multi': ['a', 'b'], 'x-lower': 'l', X_Under: 'u', Te: 'trailers' } }],
  ['GET', '/n/x', 'describe', { headers: { Host: 'Name.Example' } }],
  ['GET', '/n/created', 'status'],
  ['GET', '/n/created', 'recorder'],
]

function multipart(): RequestOptions {
  const field = '--bnd\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
  const head =
    '--bnd\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
  return {
    headers: { 'Content-Type': 'multipart/form-data; boundary=bnd' },
    body: `${field}${head}${'x'.repeat(50_000)}\r\n--bnd--\r\n`,
  }
}

test('handlers answer as they do in a server of package net/http', { skip: withoutGo }, async (t) => {
  const backend = await startBackend(t, ROUTES)
  const native = await startNative(t, backend.url)
  const { port } = await startCases(t, backend.url)
  const differences: string[] = []
  for (const [method, target, name, options = {}] of CASES) {
    const headers = { 'X-In': 'one', 'User-Agent': 'test', 'X-Case': name, ...options.headers }
    const [expected, actual] = await Promise.all(
      [native, port].map((where) => told(where, target, { ...options, method, headers })),
    )
    if (expected === actual) continue
    differences.push(
      `${method} ${target} ${name} ${Object.keys(options).join()}\nnative: ${expected}\ngateway: ${actual}`,
    )
  }
  assert.equal(differences.join('\n\n'), '')
})

/** A server of package net/http with the same handlers; its port. */
async function startNative(t: TestContext, upstream: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-native-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'native')
  await promisify(execFile)('go', ['build', '-tags', 'native', '-o', program, '.'], { cwd: FOLDER })
  const running = spawn(program, [upstream], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => running.kill())
  for await (const line of running.stdout) return Number(String(line))
  throw new Error('the native server has ended')
}

/** What is compared: all but how the body was framed, and what the gateway adds to every answer of an endpoint. */
const OWN = /^(connection|content-length|date|keep-alive|transfer-encoding|x-krakend|x-krakend-completed)$/i

async function told(port: number, target: string, options: RequestOptions): Promise<string> {
  try {
    return text(await request(port, target, options), options.method === 'HEAD')
  } catch (error) {
    return String(error)
  }
}

function text({ status, rawHeaders, bytes }: Answer, isHead: boolean): string {
  const fields: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!OWN.test(name) || (isHead && name === 'Content-Length')) fields.push(`${name}: ${rawHeaders[i + 1]}`)
  }
  const body = bytes.length > 2000 ? createHash('sha256').update(bytes).digest('hex') : bytes.toString('latin1')
  return `${status}\n${fields.sort().join('\n')}\n\n${body}`
}
