import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { type SeenCall, startSeeingBackend } from '../support/calls-seen.ts'
import { readAnswers } from '../support/read-answers.ts'
import { requestBytes } from '../support/request-bytes.ts'
import { type StartedGateway, startGateway } from '../support/start-gateway.ts'
import { readStrictly, type StrictRequest } from '../support/strict-requests.ts'

/** So many gateways, each with an upstream, are sent to at once. */
const AT_ONCE = 8
/** A connection that is not over then hangs. */
const HANGS_MS = 10_000
const LAST = 'GET /__health HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n'

interface Pair {
  readonly gateway: StartedGateway
  readonly calls: SeenCall[]
}

/** What was seen, for the report. */
export interface Seen {
  connections: number
  calls: number
  /** Status → answers. */
  readonly statuses: Record<string, number>
}

/**
 * Sends generated requests to gateways on real sockets. Each connection must come to its end; what reaches the upstream
 * must be a request that a strict reading of the bytes finds, with its body; and the gateway must go on.
 */
export async function sendGenerated(t: TestContext, connections: number, seed?: number): Promise<Seen> {
  const pairs = await Promise.all(Array.from({ length: AT_ONCE }, () => startPair(t)))
  const seen: Seen = { connections: 0, calls: 0, statuses: {} }
  const sample = fc.array(requestBytes, { minLength: AT_ONCE, maxLength: AT_ONCE })
  const property = fc.asyncProperty(sample, async (all) => {
    await Promise.all(all.map((pieces, i) => sendOne(pairs[i] as Pair, pieces, seen)))
  })
  await fc.assert(property, {
    numRuns: Math.ceil(connections / AT_ONCE),
    endOnFailure: true,
    ...(seed !== undefined && { seed }),
  })
  for (const { gateway } of pairs) {
    while (gateway.listener.active > 0) await new Promise(setImmediate)
    assert.equal((await gateway.request('/x')).status, 200)
    const defects = gateway.log.all.filter((line) => /CRITICAL|TypeError|RangeError/.test(line))
    assert.deepEqual(defects, [])
  }
  return seen
}

async function startPair(t: TestContext): Promise<Pair> {
  const { url, calls } = await startSeeingBackend(t)
  const to = (url_pattern: string) => ({ input_headers: ['*'], backend: [{ url_pattern, method: 'POST' }] })
  const gateway = await startGateway(t, {
    host: [url],
    timeout: '1s', // ends a request with an upgrade amid whose body Node's parser finds an error: it tells nobody
    max_header_bytes: 4096,
    endpoints: [
      ...['GET', 'POST', 'DELETE'].map((method) => ({ endpoint: '/x', method, ...to('/up') })),
      { endpoint: '/p/{id}', ...to('/up/{id}') },
      { endpoint: '/limited', method: 'POST', ...to('/up'), extra_config: { proxy: { max_payload: 10 } } },
    ],
  })
  return { gateway, calls }
}

async function sendOne({ gateway, calls }: Pair, pieces: readonly string[], seen: Seen): Promise<void> {
  calls.length = 0
  const { requests, end } = readStrictly(pieces.join(''))
  const received = await exchange(gateway.port, end === 'clean' ? [...pieces, LAST] : pieces, end !== 'clean')
  seen.connections++
  seen.calls += calls.length
  for (const { status } of readAnswers(received).answers) seen.statuses[status] = (seen.statuses[status] ?? 0) + 1
  checkCalls(
    calls.filter(({ body }) => body !== null),
    requests,
  )
}

/** @param ends the client has no more to send, and says so: otherwise a request that is not whole would wait for ever */
async function exchange(port: number, pieces: readonly string[], ends: boolean): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1')
  let received = ''
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('error', () => {})
  socket.once('end', () => socket.end())
  const closed = Promise.withResolvers<void>()
  socket.once('close', () => closed.resolve())
  const hangs = () => closed.reject(new Error(`the connection hangs; received: ${JSON.stringify(received)}`))
  const timer = setTimeout(hangs, HANGS_MS)
  for (const piece of pieces) {
    if (socket.writable) socket.write(piece, 'latin1')
    await new Promise(setImmediate) // so that the pieces mostly arrive as pieces
  }
  if (ends) socket.end()
  try {
    await closed.promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
  return received
}

/** In order, each call is one of the requests: that leads to an endpoint, and that has this body. */
function checkCalls(calls: readonly SeenCall[], requests: readonly StrictRequest[]): void {
  let next = 0
  for (const { target, body, fields } of calls) {
    const at = requests.findIndex((request, i) => i >= next && request.body === body && leadsTo(request, target))
    assert.notEqual(at, -1, `nobody asked for ${target} with ${JSON.stringify(body)}`)
    assert.equal(fields['transfer-encoding'] !== undefined && fields['content-length'] !== undefined, false)
    assert.ok(!target.includes('hidden'), 'a body was taken for a request')
    next = at + 1
  }
}

function leadsTo({ target }: StrictRequest, called: string): boolean {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/\?.*$/, '')
  if (path.startsWith('/p/')) return called.startsWith('/up/') && !called.slice('/up/'.length).includes('/')
  return (path === '/x' || path === '/limited') && called === '/up'
}
