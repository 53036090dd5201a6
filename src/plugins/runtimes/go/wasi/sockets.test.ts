import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline, Readable } from 'node:stream'
import { before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificateFolder, makeIdentity } from '../../../../../test/support/certificates.ts'
import { buildGoProgram, type GoRunOptions, runGoProgram, whyNoGo } from './test-fixtures/go-program.ts'

const LARGE = 64 * 1024 * 1024
const skip = (await whyNoGo()) ?? false

/** The real network as Go programs see it: each test is a program of `test-fixtures/network`. */
describe('sockets of Go programs', { skip, concurrency: 4 }, () => {
  let program: WebAssembly.Module

  before(async () => {
    program = await buildGoProgram('network')
  })

  /** The lines that it printed, without the last one, which says that all was well. */
  async function passes(args: readonly string[], options?: GoRunOptions): Promise<string[]> {
    const { output, code, denied } = await runGoProgram(program, args, options)
    const lines = output.trimEnd().split('\n')
    assert.deepEqual({ end: lines.pop(), code, denied }, { end: 'PASS', code: 0, denied: [] }, output)
    return lines
  }

  test('http.Get, and a second request over the same connection', async (t) => {
    const { url, connections } = await httpServer(t)
    assert.deepEqual(await passes(['get', url]), ['200 HTTP/1.1 /x', '200 HTTP/1.1 /x'])
    assert.equal(connections(), 1)
  })

  test('50 connections at the same time', async (t) => {
    const { url } = await httpServer(t)
    await passes(['many', url])
  })

  test('a body of unknown length there and back', async (t) => {
    const { url } = await httpServer(t)
    await passes(['post', url])
  })

  test('cancelled requests, and deadlines', async (t) => {
    const { url } = await httpServer(t)
    await passes(['cancel,deadline', url])
  })

  test('who reads slowly holds up the server', async (t) => {
    const { url, produced } = await httpServer(t)
    assert.deepEqual(await passes(['slow-reader', url]), [`rest ${LARGE - 16}`])
    assert.ok(produced.atHoldUp < LARGE / 2, `${produced.atHoldUp} bytes were sent to a guest that read 16`)
  })

  test('TLS with an own authority, without verification, and HTTP/2', async (t) => {
    const folder = certificateFolder(t)
    const authority = makeIdentity(folder, { authority: true, name: 'authority', names: [] })
    const { key, cert } = makeIdentity(folder, { issuer: authority })
    const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
      response.end(`over HTTP/${request.httpVersion}`)
    })
    server.on('sessionError', () => {}).on('tlsClientError', () => {})
    const lines = await passes(['tls', `https://localhost:${await listening(t, server)}`, authority.certFile])
    assert.deepEqual(lines, ['200 HTTP/2.0 over HTTP/2.0', '200 HTTP/2.0 over HTTP/2.0', '200 HTTP/1.1 over HTTP/1.1'])
  })

  test('a refused connection', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const { output, open } = await runGoProgram(program, ['refused,lookup', `127.0.0.1:${port}`])
    assert.deepEqual({ output, open }, { output: 'PASS\n', open: 0 })
  })

  test('lines with deadlines, options and addresses of a connection', async (t) => {
    await passes(['echo', `127.0.0.1:${await tcpServer(t, echoLines)}`])
    await passes(['echo', `[::1]:${await tcpServer(t, echoLines, '::1')}`])
  })

  test('half-closed and reset connections', async (t) => {
    await passes(['half-close', `127.0.0.1:${await tcpServer(t, echoAtEnd)}`])
    const port = await tcpServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
    await passes(['reset', `127.0.0.1:${port}`])
  })

  test('who does not read holds up the guest', async (t) => {
    await passes(['flood', `127.0.0.1:${await tcpServer(t, (socket) => socket.pause())}`])
  })

  test('datagrams', async (t) => {
    const server = createSocket('udp4').bind(0, '127.0.0.1')
    t.after(() => server.close())
    server.on('message', (bytes, from) => server.send(bytes, from.port, from.address))
    await once(server, 'listening')
    await passes(['udp', `127.0.0.1:${server.address().port}`])
  })

  test('listening', async () => {
    await passes(['listen'])
  })

  test('lookups', async () => {
    await passes(['lookup'])
  })

  test('Unix sockets', async (t) => {
    const path = join(certificateFolder(t), 'socket')
    const server = createServer({ allowHalfOpen: true }, echoAtEnd).listen(path)
    t.after(() => server.close())
    await once(server, 'listening')
    await passes(['unix', path])
  })

  test('control functions of dialers, what cannot be had, and the surroundings', async () => {
    await passes(['control', '127.0.0.1:1'])
    await passes(['none'])
    assert.deepEqual(await passes(['surroundings']), [`host ${hostname()}`, '2026-07-01T14:00:00+02:00'])
  })

  test('a name grants its addresses', async (t) => {
    const { url, port } = await httpServer(t)
    await passes(['get', url], { hosts: [`localhost:${port}`] })
    await passes(['get', `http://127.0.0.1:${port}`], { hosts: ['127.0.0.0/8'] })
  })

  test('what is not granted', async (t) => {
    const { port } = await httpServer(t)
    const { output, denied } = await runGoProgram(program, ['denied', `127.0.0.1:${port}`], {
      hosts: ['localhost:1', `127.0.0.1:9999`],
    })
    assert.equal(output, 'PASS\n')
    assert.deepEqual(denied, [
      `hosts 127.0.0.1:${port}`,
      'hosts not.granted.example',
      'hosts 127.0.0.1:0',
      'hosts 192.0.2.1',
      'hosts 192.0.2.1:53',
    ])
  })
})

async function listening(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

function tcpServer(t: TestContext, talk: (socket: Socket) => void, host?: string): Promise<number> {
  return listening(t, createServer({ allowHalfOpen: true }, talk), host)
}

function echoLines(socket: Socket): void {
  createInterface({ input: socket }).on('line', (line) => {
    if (line !== 'quiet') socket.write(`${line}\n`)
  })
}

function echoAtEnd(socket: Socket): void {
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  socket.on('end', () => socket.end(Buffer.concat(parts)))
}

async function httpServer(t: TestContext) {
  let connections = 0
  let atGate = 0
  const produced = { now: 0, atHoldUp: 0 }
  const gate = Promise.withResolvers<undefined>()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.startsWith('/gate')) {
      // All must be there before one of them is answered.
      if (++atGate === 50) gate.resolve(undefined)
      await gate.promise
    }
    if (request.url === '/echo') pipeline(request, response, () => {})
    else if (request.url === '/large') pipeline(Readable.from(large(produced)), response, () => {})
    else if (request.url === '/held-up') {
      produced.atHoldUp = await whenStill(produced)
      response.end()
    } else if (request.url !== '/never') response.end(request.url)
  }
  const server = createHttpServer((request, response) => void answer(request, response))
  server.on('connection', () => connections++)
  const port = await listening(t, server)
  return { url: `http://localhost:${port}`, port, connections: () => connections, produced }
}

function* large(produced: { now: number }): Generator<Buffer> {
  const part = Buffer.alloc(64 * 1024)
  for (; produced.now < LARGE; produced.now += part.length) yield part
}

/** How much was produced when nothing more is. */
async function whenStill(produced: { readonly now: number }): Promise<number> {
  for (let last = -1; ; ) {
    if (last === produced.now) return last
    last = produced.now
    await sleep(50)
  }
}
