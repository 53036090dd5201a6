import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { DEFAULT_CIPHER_SUITES, openSslCiphers } from '../config/cipher-suites.ts'
import { createDownload, type DownloadOptions } from './download.ts'

/** A certificate for localhost that signs itself. */
interface Identity {
  readonly key: string
  readonly cert: string
}

let identity: Identity

before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const { status, stderr } = spawnSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert])
  assert.equal(status, 0, String(stderr))
  identity = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
})

/** A certificate that says it was issued by another one, whose key it does not have. */
function forgery(): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-certificate-'))
  const path = (name: string) => join(folder, name)
  const run = (...args: readonly string[]) => {
    const { status, stderr } = spawnSync('openssl', args)
    assert.equal(status, 0, String(stderr))
  }
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const noIds = ['-addext', 'subjectKeyIdentifier=none', '-addext', 'authorityKeyIdentifier=none']
  run('req', '-x509', ...curve, ...noIds, '-subj', '/CN=localhost', '-keyout', path('ca.key'), '-out', path('ca.pem'))
  run('req', '-new', ...curve, '-subj', '/CN=evil', '-keyout', path('key.pem'), '-out', path('csr.pem'))
  const ca = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-set_serial', '7']
  run('x509', '-req', '-in', path('csr.pem'), ...ca, '-out', path('cert.pem'))
  const forged = { key: readFileSync(path('key.pem'), 'utf8'), cert: readFileSync(path('cert.pem'), 'utf8') }
  rmSync(folder, { recursive: true })
  return forged
}

async function serve(t: TestContext, answer: RequestListener, secure = true): Promise<string> {
  const server = secure ? createServer(identity, answer) : createHttp(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `${secure ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}/jwks`
}

function fetchFrom(url: string, options: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const ciphers = openSslCiphers(DEFAULT_CIPHER_SUITES)
  const base = { url, insecure: false, fingerprints: [], ca: identity.cert, ciphers, maxBytes: 1000, timeoutMs: 2000 }
  return createDownload({ ...base, ...options })()
}

const json =
  (body: string): RequestListener =>
  (_, response) =>
    void response.setHeader('Content-Type', 'application/json').end(body)

describe('download of a key set', () => {
  test('certificates are verified, against those of jwk_local_ca too', async (t) => {
    const url = await serve(t, json('{"keys":[]}'))
    assert.equal(String(await fetchFrom(url)), '{"keys":[]}')
    await assert.rejects(fetchFrom(url, { ca: null }), /self-signed certificate/)
    assert.equal(String(await fetchFrom(url, { ca: null, insecure: true })), '{"keys":[]}')
  })

  test('a fingerprint pins the public key, also where certificates are not verified', async (t) => {
    const url = await serve(t, json('{}'))
    const spki = new X509Certificate(identity.cert).publicKey.export({ type: 'spki', format: 'der' })
    const right = createHash('sha256').update(spki).digest('base64').replaceAll('+', '-').replaceAll('/', '_')
    const wrong = createHash('sha256').update('another').digest('base64url')
    await fetchFrom(url, { fingerprints: [wrong, right] })
    await fetchFrom(url, { fingerprints: [right] })
    await assert.rejects(fetchFrom(url, { fingerprints: [wrong] }), /fingerprints/)
    await assert.rejects(fetchFrom(url, { fingerprints: [wrong], insecure: true }), /fingerprints/)
  })

  test('a certificate that is only sent along is not pinned, where none are verified', async (t) => {
    const { key, cert } = forgery()
    const server = createServer({ key, cert: cert + identity.cert }, json('{}'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`
    const spki = new X509Certificate(identity.cert).publicKey.export({ type: 'spki', format: 'der' })
    const pinned = createHash('sha256').update(spki).digest('base64').replaceAll('+', '-').replaceAll('/', '_')
    assert.equal(String(await fetchFrom(url, { insecure: true })), '{}')
    await assert.rejects(fetchFrom(url, { insecure: true, fingerprints: [pinned] }), /fingerprints/)
  })

  test('only the configured cipher suites are offered', async (t) => {
    const server = createServer(
      { ...identity, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      json('{}'),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`
    await fetchFrom(url, { ciphers: openSslCiphers([49196]) })
    await assert.rejects(fetchFrom(url, { ciphers: openSslCiphers([49195]) }), /handshake/)
    assert.throws(() => openSslCiphers([1]), /cipher suite 1/)
  })

  test('what is too large, too slow or of another type is refused', async (t) => {
    const huge = await serve(t, (_, response) => {
      response.setHeader('Content-Type', 'application/json')
      const chunk = 'x'.repeat(600)
      response.write(chunk)
      response.write(chunk)
    })
    await assert.rejects(fetchFrom(huge), /larger than 1000 bytes/)
    const slow = await serve(t, (_, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.write('{')
    })
    await assert.rejects(fetchFrom(slow, { timeoutMs: 100 }), /within 100ms/)
    const text = await serve(t, (_, response) => void response.setHeader('Content-Type', 'text/html').end('{}'))
    await assert.rejects(fetchFrom(text), /content type is "text\/html"/)
  })

  test('redirects are followed, but not away from HTTPS and not for ever', async (t) => {
    const plain = await serve(t, json('{"from":"plain"}'), false)
    const redirectTo = (location: string) => serve(t, (_, response) => void response.writeHead(302, { location }).end())
    const target = await serve(t, json('{"from":"target"}'))
    assert.equal(String(await fetchFrom(await redirectTo(target))), '{"from":"target"}')
    await assert.rejects(fetchFrom(await redirectTo(plain)), /plain HTTP/)
    await assert.rejects(fetchFrom(await redirectTo(plain), { insecure: true }), /plain HTTP/)
    await assert.rejects(fetchFrom(await redirectTo('file:///etc/passwd')), /not followed|plain HTTP/)
    await assert.rejects(fetchFrom(await redirectTo('/jwks')), /too many redirects/)
    await assert.rejects(fetchFrom(plain), /not followed/)
  })

  test('the body of a redirect is not read: it may have no end', async (t) => {
    const target = await serve(t, json('{}'))
    const closed = Promise.withResolvers<void>()
    const endless = await serve(t, (_, response) => {
      response.on('close', closed.resolve)
      response.writeHead(302, { location: target }).write('x')
    })
    assert.equal(String(await fetchFrom(endless)), '{}')
    await closed.promise
  })
})
