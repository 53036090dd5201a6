import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { loadConfigObject } from '../src/config/load.ts'
import { buildGateway } from '../src/gateway/build.ts'
import { features } from '../src/gateway/pipeline.ts'
import { CellRegistry } from '../src/shared/cells.ts'
import { createLogger, DEFAULT_LOGGING } from '../src/telemetry/logging.ts'
import { createClock } from '../src/testing/clock.ts'
import { certificateFolder, type Identity, makeIdentity } from './support/certificates.ts'
import { connectRaw } from './support/client.ts'
import { startGateway } from './support/start-gateway.ts'
import { commonName, connectTls, secureRequest } from './support/tls-client.ts'

const filesOf = ({ certFile, keyFile }: Identity) => ({ public_key: certFile, private_key: keyFile })

/** A gateway that answers by itself, with HTTPS. */
const withTls = (tls: Readonly<Record<string, unknown>>) => ({ tls, echo_endpoint: true })

const LOOK_MS = 3000

describe('HTTPS', () => {
  test('requests are answered over HTTP/1.1 and TLS 1.3, on connections that are kept', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const gateway = await startGateway(t, withTls({ keys: [filesOf(own)] }))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const ports = new Set<number | undefined>()
    agent.on('free', (socket) => ports.add(socket.localPort))
    for (let i = 0; i < 3; i++) {
      const answer = await secureRequest(gateway.port, '/__echo/a', { agent, ca: own.cert, method: 'POST', body: 'x' })
      assert.deepEqual([answer.status, answer.protocol], [200, 'TLSv1.3'])
      assert.match(answer.body, /"req_body":"x"/)
    }
    assert.equal(ports.size, 1)
  })

  test('the old single pair counts too, and relates to the others as one more', async (t) => {
    const folder = certificateFolder(t)
    const [a, b] = [makeIdentity(folder, { names: ['a.test'] }), makeIdentity(folder, { names: ['b.test'] })]
    const { port } = await startGateway(t, withTls({ keys: [filesOf(a)], ...filesOf(b) }))
    assert.equal(commonName(await connectTls(t, port, { servername: 'b.test', ca: b.cert })), 'b.test')
    assert.equal(commonName(await connectTls(t, port, { servername: 'a.test', ca: a.cert })), 'a.test')
  })

  test('the certificate is chosen by the name that the client asks for, by wildcards too', async (t) => {
    const folder = certificateFolder(t)
    const first = makeIdentity(folder, { names: ['first.test'] })
    const wild = makeIdentity(folder, { names: ['*.wild.test', 'other.test'], name: 'wild' })
    const exact = makeIdentity(folder, { names: ['a.wild.test'], name: 'exact' })
    const { port } = await startGateway(t, withTls({ keys: [first, wild, exact].map(filesOf) }))
    const cases = [
      ['first.test', 'first.test'],
      ['B.WILD.test', 'wild'],
      ['other.test', 'wild'],
      ['a.wild.test', 'exact'],
      ['a.b.wild.test', 'first.test'],
      ['wild.test', 'first.test'],
      ['unknown.test', 'first.test'],
      ['', 'first.test'],
    ] as const
    for (const [servername, expected] of cases) {
      const socket = await connectTls(t, port, { servername, rejectUnauthorized: false })
      assert.equal(commonName(socket), expected, servername)
    }
  })

  test('of certificates for one name with keys of two kinds the client takes what it can', async (t) => {
    const folder = certificateFolder(t)
    const [ec, rsa] = [makeIdentity(folder, { name: 'ec' }), makeIdentity(folder, { kind: 'rsa', name: 'rsa' })]
    const { port } = await startGateway(t, withTls({ keys: [ec, rsa].map(filesOf), min_version: 'TLS12' }))
    const ciphers = { ec: 'ECDHE-ECDSA-AES128-GCM-SHA256', rsa: 'ECDHE-RSA-AES128-GCM-SHA256' }
    for (const [name, cipher] of Object.entries(ciphers)) {
      const options = { ciphers: cipher, maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const
      assert.equal(commonName(await connectTls(t, port, options)), name)
    }
  })

  test('versions and cipher suites are as configured; TLS 1.2 is refused by default', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const keys = [filesOf(own)]
    const speaks = async (tls: object, options: object) => {
      const { port } = await startGateway(t, withTls({ keys, ...tls }))
      return (await connectTls(t, port, { ca: own.cert, ...options })).getCipher().standardName
    }
    const old = { maxVersion: 'TLSv1.2' }
    await assert.rejects(speaks({}, old), /protocol version/)
    assert.equal(
      await speaks({ min_version: 'TLS12', cipher_suites: [49196] }, old),
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    )
    await assert.rejects(
      speaks({ min_version: 'TLS12', cipher_suites: [49196] }, { ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }),
      /handshake failure/,
    )
    const tls11 = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }
    assert.match(await speaks({ min_version: 'TLS10', cipher_suites: [49161] }, tls11), /AES_128_CBC_SHA/)
    await assert.rejects(speaks({ max_version: 'TLS12', min_version: 'TLS12' }, { minVersion: 'TLSv1.3' }), /protocol/)
    await assert.rejects(speaks({ curve_preferences: [24] }, { ecdhCurve: 'P-256' }), /handshake failure/)
  })

  test('a plain request is told so, and ends', async (t) => {
    const gateway = await startGateway(t, withTls({ keys: [filesOf(makeIdentity(certificateFolder(t)))] }))
    const connection = gateway.connect()
    connection.write('GET / HTTP/1.1\r\nHost: g\r\n\r\n')
    assert.equal(
      await connection.closed,
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
    )
    await gateway.log.find(/WARNING: .*TLS handshake error from 127\.0\.0\.1:\d+: client sent an HTTP request/)
  })

  test('a session of one thread is resumed by another', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const cells = new CellRegistry()
    const start = (shared: CellRegistry) => startGateway(t, withTls({ keys: [filesOf(own)] }), { cells: shared })
    const gateways = await Promise.all([start(cells), start(cells), start(new CellRegistry())])
    const [one, other, stranger] = gateways.map(({ port }) => port)
    assert.ok(one !== undefined && other !== undefined && stranger !== undefined)
    const first = await connectTls(t, one, { ca: own.cert })
    const [session] = (await once(first.resume(), 'session')) as [Buffer]
    assert.ok((await connectTls(t, other, { ca: own.cert, session })).isSessionReused())
    assert.ok(!(await connectTls(t, stranger, { ca: own.cert, session })).isSessionReused())
  })

  test('a drain waits for requests, and not for handshakes', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const gateway = await startGateway(t, withTls({ keys: [filesOf(own)] }))
    const silent = connect(gateway.port, '127.0.0.1')
    t.after(() => silent.destroy())
    await once(silent, 'connect')
    const idle = await connectTls(t, gateway.port, { ca: own.cert })
    const closed = once(idle.resume(), 'close')
    await secureRequest(gateway.port, '/__echo/', { ca: own.cert }) // those before were accepted
    await Promise.all([gateway.listener.close(), closed])
  })
})

describe('certificates that change', () => {
  const start = async (t: TestContext) => {
    const folder = certificateFolder(t)
    const old = makeIdentity(folder, { name: 'old' })
    const files = { public_key: join(folder, 'used.pem'), private_key: join(folder, 'used.key') }
    const put = ({ certFile, keyFile }: Identity) => {
      copyFileSync(certFile, files.public_key)
      copyFileSync(keyFile, files.private_key)
    }
    put(old)
    const clock = createClock()
    const gateway = await startGateway(t, withTls({ keys: [files] }), { clock })
    const look = () => clock.advance(LOOK_MS)
    const serverName = async (servername = 'localhost') => {
      return commonName(await connectTls(t, gateway.port, { rejectUnauthorized: false, servername }))
    }
    return { folder, old, files, put, gateway, look, serverName }
  }

  test('new connections get the new one, old ones live on', async (t) => {
    const { folder, old, put, gateway, look, serverName } = await start(t)
    const kept = await connectTls(t, gateway.port, { ca: old.cert })
    put(makeIdentity(folder, { name: 'new' }))
    const told = gateway.log.find(/INFO: .*new certificates/)
    await look()
    await told
    assert.deepEqual([await serverName(), await serverName('')], ['new', 'new'])
    kept.write('GET /__echo/ HTTP/1.1\r\nHost: g\r\n\r\n')
    const [answer] = (await once(kept, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 200/)
  })

  test('a pair of which one file is replaced has time for the other; then it is told, once', async (t) => {
    const { folder, files, put, gateway, look, serverName } = await start(t)
    const next = makeIdentity(folder, { name: 'next' })
    const errors = () => gateway.log.all.filter((line) => line.includes('the certificates stay as they are'))
    const told = gateway.log.find(/ERROR: .*the certificates stay as they are: the key in .* is not the one of/)
    copyFileSync(next.certFile, files.public_key)
    await look()
    assert.equal(await serverName(), 'old')
    assert.equal(errors().length, 0)
    await look()
    await told
    await look()
    await look()
    assert.equal(errors().length, 1)
    put(next)
    const changed = gateway.log.find(/new certificates/)
    await look()
    await changed
    assert.equal(await serverName(), 'next')
  })

  test('a reload takes the settings of the new gateway, client certificates among them', async (t) => {
    const { folder, files, gateway, serverName, old } = await start(t)
    assert.equal(await serverName(), 'old')
    const ca = makeIdentity(folder, { authority: true, names: [], name: 'ca' })
    const other = makeIdentity(folder, { name: 'other' })
    const client = makeIdentity(folder, { issuer: ca, names: ['client'] })
    const tls = {
      ...{ keys: [filesOf(other), files], enable_mtls: true, disable_system_ca_pool: true, ca_certs: [ca.certFile] },
    }
    const loaded = await loadConfigObject({ version: 3, ...withTls(tls) }, { features })
    assert.ok(loaded.config !== null)
    const session = Promise.withResolvers<Buffer>()
    const before = await connectTls(t, gateway.port, { ca: old.cert })
    before.on('session', (ticket) => session.resolve(ticket))
    const ticket = await session.promise
    const log = createLogger(DEFAULT_LOGGING, () => {})
    const next = await buildGateway(loaded.config, { log, accessLog: null })
    t.after(() => next.close())
    gateway.listener.swap(next)
    const trust = { ca: [other.cert, old.cert] }
    const answer = await secureRequest(gateway.port, '/__echo/', { ...trust, cert: client.cert, key: client.key })
    assert.deepEqual([answer.status, answer.server], [200, 'other'])
    await assert.rejects(secureRequest(gateway.port, '/__echo/', trust))
    await assert.rejects(secureRequest(gateway.port, '/__echo/', { ...trust, session: ticket }))
  })
})

describe('files that cannot be used', () => {
  const build = async (tls: object, lenient = false) => {
    const loaded = await loadConfigObject({ version: 3, tls }, { features, lenient })
    assert.ok(loaded.config !== null)
    const lines: string[] = []
    const log = createLogger(DEFAULT_LOGGING, (line) => lines.push(line))
    const gateway = await buildGateway(loaded.config, { log, accessLog: null })
    await gateway.close()
    return lines
  }

  test('stop the start and are named', async (t) => {
    const folder = certificateFolder(t)
    const [a, b] = [makeIdentity(folder), makeIdentity(folder)]
    const empty = join(folder, 'empty')
    writeFileSync(empty, '')
    const cases: readonly (readonly [tls: object, expected: RegExp])[] = [
      [{ keys: [{ public_key: 'none.pem', private_key: 'none.key' }] }, /ENOENT.*none\.pem/],
      [{ keys: [{ public_key: a.certFile, private_key: b.keyFile }] }, /is not the one of the certificate in/],
      [{ keys: [{ public_key: empty, private_key: a.keyFile }] }, /empty holds no certificate/],
      [{ keys: [{ public_key: a.certFile, private_key: empty }] }, /empty holds no usable key/],
      [{ keys: [filesOf(a)], enable_mtls: true, ca_certs: [a.keyFile] }, /\.key holds no certificate/],
    ]
    for (const [tls, expected] of cases) await assert.rejects(build(tls), expected)
    const lines = await build({ keys: [filesOf(a)], enable_mtls: true, ca_certs: [empty, b.certFile] }, true)
    assert.match(lines.join('\n'), /ERROR: .*empty holds no certificate: left out/)
  })

  test('certificates that have expired are told', async (t) => {
    const old = makeIdentity(certificateFolder(t), { expired: true })
    assert.match((await build({ keys: [filesOf(old)] })).join('\n'), /WARNING: .*has expired/)
  })

  test('disabled: plain HTTP, and no file is read', async (t) => {
    const keys = [{ public_key: 'none.pem', private_key: 'none.key' }]
    const { request } = await startGateway(t, withTls({ disabled: true, keys }))
    assert.equal((await request('/__echo/')).status, 200)
  })
})

describe('client certificates', () => {
  const start = async (t: TestContext) => {
    const folder = certificateFolder(t)
    const ca = makeIdentity(folder, { authority: true, names: [], name: 'ca' })
    const own = makeIdentity(folder)
    const tls = { keys: [filesOf(own)], enable_mtls: true, ca_certs: [ca.certFile], disable_system_ca_pool: true }
    const gateway = await startGateway(t, withTls(tls))
    const ask = (identity: Identity | null, target = '/__echo/') =>
      secureRequest(gateway.port, target, {
        ca: own.cert,
        ...(identity === null ? {} : { cert: identity.cert, key: identity.key }),
      })
    return { folder, ca, own, gateway, ask }
  }

  test('only those of the authorities pass, for the health endpoint too', async (t) => {
    const { folder, ca, own, gateway, ask } = await start(t)
    const wrongCa = makeIdentity(folder, { authority: true, names: [], name: 'ca' })
    assert.equal((await ask(makeIdentity(folder, { issuer: ca }))).status, 200)
    assert.equal((await ask(own)).status, 200) // the server's certificates are authorities too
    const told = gateway.log.find(/handshake error from 127\.0\.0\.1:\d+: client didn't provide a certificate/)
    await assert.rejects(ask(null, '/__health'))
    await told
    const refused = gateway.log.find(/handshake error from 127\.0\.0\.1:\d+: UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
    await assert.rejects(ask(makeIdentity(folder, { issuer: wrongCa })))
    await refused
    const expired = gateway.log.find(/handshake error from 127\.0\.0\.1:\d+: CERT_HAS_EXPIRED/)
    await assert.rejects(ask(makeIdentity(folder, { issuer: ca, expired: true })))
    await expired
  })

  test('an authority below a root is enough', async (t) => {
    const folder = certificateFolder(t)
    const root = makeIdentity(folder, { authority: true, names: [], name: 'root' })
    const ca = makeIdentity(folder, { authority: true, names: [], name: 'intermediate', issuer: root })
    const own = makeIdentity(folder)
    const tls = { keys: [filesOf(own)], enable_mtls: true, ca_certs: [ca.certFile], disable_system_ca_pool: true }
    const { port } = await startGateway(t, withTls(tls))
    const { cert, key } = makeIdentity(folder, { issuer: ca })
    assert.equal((await secureRequest(port, '/__echo/', { ca: own.cert, cert, key })).status, 200)
  })

  test('that all public authorities count is told', async (t) => {
    const keys = [filesOf(makeIdentity(certificateFolder(t)))]
    const { diagnostics } = await startGateway(t, withTls({ keys, enable_mtls: true }))
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['CONFIG_MTLS_TRUSTS_ALL'],
    )
  })
})

test('a raw connection that sends garbage ends', async (t) => {
  const gateway = await startGateway(t, withTls({ keys: [filesOf(makeIdentity(certificateFolder(t)))] }))
  const connection = connectRaw(t, gateway.port)
  connection.write('\x16\x03\x01garbage that is no TLS at all, and long enough\r\n\r\n')
  await connection.closed
})
