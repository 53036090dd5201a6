import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import { definePlugin, type Plugin } from '../src/sdk/define-plugin.ts'
import { certificateFolder, makeIdentity } from './support/certificates.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

interface Answered {
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly trailers: Readonly<Record<string, unknown>>
}

interface Started {
  readonly gateway: StartedGateway
  readonly session: ClientHttp2Session
  send(path: string, headers?: OutgoingHttpHeaders, body?: string): Promise<Answered>
  /** Sends a request without an end. */
  open(path: string, headers?: OutgoingHttpHeaders): ClientHttp2Stream
}

/** A gateway in front of an upstream, `/a` merged and `/stream` passed on, and a client that speaks HTTP/2. */
async function start(
  t: TestContext,
  routes: Readonly<Record<string, Reply>>,
  config: Readonly<Record<string, unknown>> = {},
  plugins: readonly Plugin[] = [],
): Promise<Started> {
  const own = makeIdentity(certificateFolder(t))
  const backend = await startBackend(t, routes)
  const all = { method: 'POST', input_headers: ['*'], input_query_strings: ['*'] }
  const to = (url_pattern: string) => ({ backend: [{ url_pattern }] })
  const whole = {
    tls: { keys: [{ public_key: own.certFile, private_key: own.keyFile }] },
    host: [backend.url],
    echo_endpoint: true,
    endpoints: [
      { endpoint: '/a', ...to('/a') },
      { endpoint: '/a', ...all, ...to('/a') },
      { endpoint: '/stream', timeout: '20s', output_encoding: 'no-op', ...to('/stream') },
      { endpoint: '/stream', timeout: '20s', output_encoding: 'no-op', ...all, ...to('/stream') },
    ],
    ...config,
  }
  const gateway = await startGateway(t, whole, { plugins })
  const session = connect(`https://localhost:${gateway.port}`, { ca: own.cert, host: '127.0.0.1' })
  session.on('error', () => {})
  t.after(() => session.destroy())
  await once(session, 'connect')
  const open = (path: string, headers: OutgoingHttpHeaders = {}) => session.request({ ':path': path, ...headers })
  const send = (path: string, headers: OutgoingHttpHeaders = {}, body?: string) => {
    const method = body === undefined ? {} : { ':method': 'POST' }
    const stream = session.request({ ':path': path, ...method, ...headers }, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    return received(stream)
  }
  return { gateway, session, send, open }
}

function received(stream: ClientHttp2Stream): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  let headers: Answered['headers'] = {}
  let trailers: Answered['trailers'] = {}
  let body = ''
  stream.on('response', (fields) => {
    headers = fields as Answered['headers']
  })
  stream.on('trailers', (fields) => {
    trailers = fields as Answered['trailers']
  })
  stream.setEncoding('utf8').on('data', (text: string) => {
    body += text
  })
  stream.on('error', () => {}) // closes, too
  stream.on('close', () => {
    if (stream.rstCode === 0) resolve({ headers, body, trailers })
    else reject(new Error(`reset with ${stream.rstCode}`))
  })
  return promise
}

/** Never answers; resolves when the gateway gives the call up. */
function neverAnswering(): { readonly reply: Reply; readonly arrived: Promise<void>; readonly gone: Promise<void> } {
  const arrived = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const reply: Reply = (_, response) => {
    arrived.resolve()
    response.on('close', () => gone.resolve())
  }
  return { reply, arrived: arrived.promise, gone: gone.promise }
}

describe('HTTP/2', () => {
  test('requests and answers have the fields and bodies they have over HTTP/1.1', async (t) => {
    const { send, gateway } = await start(t, {
      '/a': ({ body, values }, response) => {
        response.setHeader('Content-Type', 'application/json')
        response.end(
          JSON.stringify({ body, cookie: values('cookie'), custom: values('x-custom'), host: values('host') }),
        )
      },
    })
    const headers = { 'content-type': 'text/plain', cookie: ['a=1', 'b=2'], 'x-custom': 'é' }
    const answer = await send('/a?q=1', headers, 'hello')
    assert.equal(answer.headers[':status'], 200)
    assert.deepEqual(JSON.parse(answer.body), {
      ...{
        body: 'hello',
        cookie: ['a=1; b=2'],
        custom: ['é'],
        host: [gateway.gateway.config.endpoints[0]?.backends[0]?.hosts[0]?.slice(7)],
      },
    })
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.body)))
    assert.equal(answer.headers['x-krakend-completed'], 'true')
    assert.match(String((await send('/__echo/')).body), new RegExp(`"localhost:${gateway.port}"`))
    await gateway.accessLog.find(/200 .*POST +"\/a\?q=1"/)
  })

  test('fields of a connection are taken off; duplicates and trailers stay', async (t) => {
    const { send } = await start(t, {
      '/stream': (_, response) => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        response.setHeader('Keep-Alive', 'timeout=5')
        response.setHeader('X-Up', '1')
        response.flushHeaders()
        response.write('one ')
        setImmediate(() => response.end('two'))
      },
    })
    const { headers, body } = await send('/stream')
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
    assert.deepEqual(
      [headers['x-up'], headers['keep-alive'], headers['transfer-encoding'], body],
      ['1', undefined, undefined, 'one two'],
    )
  })

  test('statuses without a body, and HEAD', async (t) => {
    const { send } = await start(t, {
      '/stream': ({ body }, response) => void response.writeHead(Number(body)).end(),
    })
    for (const status of [204, 304, 404, 205]) {
      const { headers, body } = await send('/stream', {}, String(status))
      assert.deepEqual([headers[':status'], body], [status, ''])
    }
    const head = await send('/__health', { ':method': 'HEAD' })
    assert.deepEqual([head.headers[':status'], head.body], [405, ''])
  })

  test('many requests share a connection, and each has its own answer', async (t) => {
    const { send } = await start(t, { '/a': ({ body }, response) => response.end(`{"n":${body}}`) })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => send('/a', { 'content-type': 'application/json' }, String(i))),
    )
    assert.deepEqual(
      answers.map(({ body }) => (JSON.parse(body) as { n: number }).n),
      Array.from({ length: 100 }, (_, i) => i),
    )
  })

  test('a large body goes through in both directions', async (t) => {
    const { send } = await start(t, { '/stream': ({ body }, response) => response.end(body) })
    const body = 'x'.repeat(3_000_000)
    assert.equal((await send('/stream', {}, body)).body.length, body.length)
  })

  test('a client that does not read holds the upstream up, and gets all when it does', async (t) => {
    const total = 64 * 1024 * 1024
    let sent = 0
    const { open } = await start(t, {
      '/stream': (_, response) => {
        const chunk = Buffer.alloc(64 * 1024)
        const write = () => {
          while (sent < total) {
            sent += chunk.length
            if (!response.write(chunk)) return void response.once('drain', write)
          }
          response.end()
        }
        write()
      },
    })
    const stream = open('/stream').end()
    await once(stream, 'response')
    // Comes to rest: what is sent no longer changes.
    for (let before = -1; before !== sent; ) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.ok(sent < total / 2, `${sent} bytes were sent to a client that reads nothing`)
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    await once(stream, 'end')
    assert.equal(length, total)
  })

  test('a stream that the client resets ends the call, and the others go on', async (t) => {
    const { reply, arrived, gone } = neverAnswering()
    const { open, send, gateway } = await start(t, { '/stream': reply, '/a': { json: { ok: true } } })
    const stream = open('/stream').end()
    stream.on('error', () => {})
    await arrived
    stream.close(8)
    await gone
    assert.equal((await send('/a')).body, '{"ok":true}')
    assert.equal(gateway.listener.active, 0)
  })

  test('a connection that breaks off ends its calls', async (t) => {
    const { reply, arrived, gone } = neverAnswering()
    const { open, session } = await start(t, { '/stream': reply })
    open('/stream')
      .on('error', () => {})
      .end()
    await arrived
    session.destroy()
    await gone
  })

  test('an answer that breaks off resets its stream', async (t) => {
    const { open, send, gateway } = await start(t, {
      '/stream': (_, response) => {
        response.write('half')
        setImmediate(() => response.destroy())
      },
      '/a': { json: {} },
    })
    await assert.rejects(received(open('/stream').end()), /reset with 2/)
    await gateway.log.find(/the answer broke off/)
    assert.equal((await send('/a')).body, '{}')
  })

  test('a request that is not read to its end does not keep its answer back', async (t) => {
    const { open } = await start(t, {})
    const stream = open('/none', { ':method': 'POST' })
    stream.on('error', () => {})
    stream.write('a part')
    const [headers] = (await once(stream, 'response')) as [Answered['headers']]
    assert.equal(headers[':status'], 404)
    await once(stream.resume(), 'close')
  })

  test('read_timeout and write_timeout reset the stream', async (t) => {
    const { reply, gone } = neverAnswering()
    const limits = { read_timeout: '50ms', write_timeout: '100ms' }
    const { open, send } = await start(t, { '/stream': reply, '/a': { json: {} } }, limits)
    await assert.rejects(received(open('/stream').end()), /reset with 2/)
    await gone
    const late = open('/a', { ':method': 'POST' })
    late.write('{')
    await assert.rejects(received(late), /reset with 2/)
    assert.equal((await send('/a')).body, '{}')
  })

  test('a head beyond max_header_bytes is refused, and the connection goes on', async (t) => {
    const { send, session } = await start(t, { '/a': { json: {} } }, { max_header_bytes: 1000 })
    const large = { 'x-large': 'x'.repeat(20_000) }
    // Whether the client has taken note of the limit yet or not.
    const first = await send('/a', large).catch((error: Error) => error.message)
    assert.ok(first === 'reset with 11' || (typeof first === 'object' && first.headers[':status'] === 431))
    assert.equal((await send('/a')).body, '{}')
    assert.equal(session.remoteSettings.maxHeaderListSize, 1000 + 4096)
    await assert.rejects(send('/a', large), /reset with 11/)
    assert.equal((await send('/a')).body, '{}')
  })

  test('a drain lets streams end, and takes no new ones', async (t) => {
    const release = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const { open, session, gateway } = await start(t, {
      '/stream': (_, response) => {
        arrived.resolve()
        void release.promise.then(() => response.end('done'))
      },
    })
    const answer = received(open('/stream').end())
    await arrived.promise
    const goodbye = once(session, 'goaway')
    const closed = gateway.listener.close()
    await goodbye
    release.resolve()
    assert.equal((await answer).body, 'done')
    await closed
  })

  test('a drain ends idle connections', async (t) => {
    const { send, gateway, session } = await start(t, { '/a': { json: {} } })
    await send('/a')
    const closed = once(session, 'close')
    await gateway.listener.close()
    await closed
  })

  test('trailers follow a body that streams', async (t) => {
    const plugin = definePlugin({
      name: 'counter',
      server: () => (next) => async (request, context) => {
        const response = await next(request, context)
        return Object.assign(response, { trailers: ['X-Sum', '42'] })
      },
    })
    const config = { extra_config: { 'plugin/http-server': { name: ['counter'] } } }
    const streams: Reply = (_, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 20)
    }
    const { send } = await start(t, { '/stream': streams }, config, [plugin])
    const { body, trailers } = await send('/stream')
    assert.deepEqual([body, trailers['x-sum']], ['ab', '42'])
  })

  test('an answer that HTTP/2 cannot carry is a 500, and told', async (t) => {
    const plugin = definePlugin({
      name: 'spoiler',
      server: () => (next) => async (request, context) => {
        const response = await next(request, context)
        response.headers.raw.push('X-Bad', 'a\nb') // `append` would refuse it
        return response
      },
    })
    const config = { extra_config: { 'plugin/http-server': { name: ['spoiler'] } } }
    const { send, gateway } = await start(t, {}, config, [plugin])
    assert.equal((await send('/a')).headers[':status'], 500)
    await gateway.log.find(/GET \/a: the answer cannot be sent/)
  })
})
