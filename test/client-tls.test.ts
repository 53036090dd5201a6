import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadConfigObject } from '../src/config/load.ts'
import { buildGateway } from '../src/gateway/build.ts'
import { features } from '../src/gateway/pipeline.ts'
import { createLogger, DEFAULT_LOGGING } from '../src/telemetry/logging.ts'
import { certificateFolder, type Identity, makeIdentity } from './support/certificates.ts'
import { startGateway } from './support/start-gateway.ts'
import { startSecureBackend } from './support/start-secure-backend.ts'

type JsonObject = Readonly<Record<string, unknown>>

const shown = ({ certFile, keyFile }: Identity) => ({ certificate: certFile, private_key: keyFile })

/** `/a` calls the upstream. */
const calling = (url: string, tls: JsonObject | null, backend: JsonObject = {}) => ({
  ...(tls === null ? {} : { client_tls: tls }),
  extra_config: { router: { return_error_msg: true } },
  endpoints: [{ endpoint: '/a', backend: [{ host: [url], url_pattern: '/', ...backend }] }],
})
const ofBackend = (tls: JsonObject) => ({ extra_config: { 'backend/http/client': { client_tls: tls } } })

describe('client_tls', () => {
  test('certificates of upstreams are verified, against ca_certs too, unless that is turned off', async (t) => {
    const folder = certificateFolder(t)
    const own = makeIdentity(folder)
    const { url } = await startSecureBackend(t, own)
    const cases: readonly (readonly [tls: JsonObject | null, status: number])[] = [
      [null, 500],
      [{}, 500],
      [{ ca_certs: [makeIdentity(folder).certFile] }, 500],
      [{ ca_certs: [own.certFile] }, 200],
      [{ ca_certs: [own.certFile], disable_system_ca_pool: true }, 200],
      [{ disable_system_ca_pool: true }, 500],
      [{ allow_insecure_connections: true }, 200],
    ]
    for (const [tls, status] of cases) {
      const { request } = await startGateway(t, calling(url, tls))
      assert.equal((await request('/a')).status, status, JSON.stringify(tls))
    }
  })

  test('a certificate for another name, or one that has expired, is refused', async (t) => {
    const folder = certificateFolder(t)
    for (const identity of [makeIdentity(folder, { names: ['other.test'] }), makeIdentity(folder, { expired: true })]) {
      const { url } = await startSecureBackend(t, identity)
      const { request } = await startGateway(t, calling(url, { ca_certs: [identity.certFile] }))
      assert.equal((await request('/a')).status, 500)
    }
  })

  test('TLS 1.2 needs min_version where client_tls is there, and the error says so', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const { url } = await startSecureBackend(t, own, { maxVersion: 'TLSv1.2' })
    const ca_certs = [own.certFile]
    const refused = await startGateway(t, calling(url, { ca_certs }))
    assert.match((await refused.request('/a')).body, /client_tls\.min_version is TLS13 unless it is set/)
    const { request } = await startGateway(t, calling(url, { ca_certs, min_version: 'TLS12' }))
    assert.deepEqual((await request('/a')).json(), { protocol: 'TLSv1.2', client: null })
  })

  test('the client certificate is shown where it is asked for, by the kind of its key', async (t) => {
    const folder = certificateFolder(t)
    const ca = makeIdentity(folder, { authority: true, names: [], name: 'ca' })
    const own = makeIdentity(folder)
    const client = makeIdentity(folder, { issuer: ca, names: ['client'] })
    const { url } = await startSecureBackend(t, own, { ca: ca.cert, requestCert: true })
    const ca_certs = [own.certFile]
    const { request } = await startGateway(t, calling(url, { ca_certs, client_certs: [shown(client)] }))
    assert.deepEqual((await request('/a')).json(), { protocol: 'TLSv1.3', client: 'client' })
    const without = await startGateway(t, calling(url, { ca_certs }))
    assert.equal((await without.request('/a')).status, 500)
  })
})

describe('client_tls of a backend', () => {
  test("replaces the service's as a whole", async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const { url } = await startSecureBackend(t, own, { maxVersion: 'TLSv1.2' })
    const ca_certs = [own.certFile]
    const service = { ca_certs, min_version: 'TLS12' }
    const good = await startGateway(t, calling(url, {}, ofBackend(service)))
    assert.equal((await good.request('/a')).status, 200)
    const bad = await startGateway(t, calling(url, service, ofBackend({ min_version: 'TLS12' })))
    assert.equal((await bad.request('/a')).status, 500)
  })

  test('backends with the same settings share connections, others do not', async (t) => {
    const own = makeIdentity(certificateFolder(t))
    const { url, connections } = await startSecureBackend(t, own)
    const insecure = ofBackend({ allow_insecure_connections: true })
    const settings = [insecure, insecure, ofBackend({ ca_certs: [own.certFile] })]
    const { request } = await startGateway(t, {
      endpoints: settings.map((each, i) => ({
        endpoint: `/${i}`,
        backend: [{ host: [url], url_pattern: '/', ...each }],
      })),
    })
    for (const [path, opened] of [
      ['/0', 1],
      ['/1', 1],
      ['/2', 2],
      ['/0', 2],
    ] as const) {
      assert.equal((await request(path)).status, 200)
      assert.equal(connections(), opened, path)
    }
  })
})

test('files that cannot be used stop the start; with --lenient they are left out', async (t) => {
  const folder = certificateFolder(t)
  const [a, b] = [makeIdentity(folder), makeIdentity(folder)]
  const empty = join(folder, 'empty')
  writeFileSync(empty, '')
  const build = async (config: JsonObject, lenient: boolean) => {
    const loaded = await loadConfigObject({ version: 3, ...config }, { features, lenient })
    assert.ok(loaded.config !== null)
    const lines: string[] = []
    const log = createLogger(DEFAULT_LOGGING, (line) => lines.push(line))
    const gateway = await buildGateway(loaded.config, { log, accessLog: null })
    await gateway.close()
    return lines.join('\n')
  }
  const cases: readonly (readonly [tls: JsonObject, problem: RegExp])[] = [
    [{ ca_certs: ['none.pem'] }, /none\.pem/],
    [{ ca_certs: [empty] }, /empty holds no certificate/],
    [{ client_certs: [{ certificate: a.certFile, private_key: b.keyFile }] }, /is not the one of the certificate in/],
    [{ client_certs: [shown(a), shown(b)] }, /one certificate of each kind of key can be shown/],
  ]
  for (const [tls, problem] of cases) {
    for (const config of [calling('http://localhost', tls), calling('http://localhost', null, ofBackend(tls))]) {
      await assert.rejects(build(config, false), problem)
      assert.match(await build(config, true), problem)
    }
  }
})
