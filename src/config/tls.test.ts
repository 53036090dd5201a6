import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfigObject } from './load.ts'

type JsonObject = Readonly<Record<string, unknown>>

const load = (config: JsonObject, lenient = false) =>
  loadConfigObject({ version: 3, ...config }, { features: [], lenient })

const PAIR = { public_key: 'a.pem', private_key: 'a.key' }
const SUITES_OF_1_3 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'

describe('tls', () => {
  test('defaults', async () => {
    const { config } = await load({ tls: { keys: PAIR } })
    assert.deepEqual(config?.tls, {
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: `${SUITES_OF_1_3}:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-CHACHA20-POLY1305`,
      curves: 'auto',
      caFiles: [],
      systemCas: true,
      where: 'tls',
      keys: [{ certificate: 'a.pem', privateKey: 'a.key' }],
      requiresClientCertificate: false,
    })
  })

  test('versions, suites and curves by the names of OpenSSL; old versions need a lower security level', async () => {
    const settings = { min_version: 'TLS10', max_version: 'TLS12', cipher_suites: [47], curve_preferences: [29, 23] }
    const { config } = await load({ tls: { ...PAIR, ...settings } })
    const { minVersion, maxVersion, ciphers, curves, keys } = config?.tls ?? {}
    assert.deepEqual(
      { minVersion, maxVersion, ciphers, curves, keys },
      {
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.2',
        ciphers: `${SUITES_OF_1_3}:AES128-SHA:@SECLEVEL=0`,
        curves: 'X25519:P-256',
        keys: [{ certificate: 'a.pem', privateKey: 'a.key' }],
      },
    )
  })

  test('disabled, or absent: none', async () => {
    for (const config of [{}, { tls: { disabled: 'true' } }]) assert.equal((await load(config)).config?.tls, null)
  })

  test('what is wrong is told with its place', async () => {
    const cases: readonly (readonly [tls: JsonObject, expected: string])[] = [
      [{}, 'error CONFIG_MISSING_KEY tls'],
      [{ keys: [{ public_key: 'a' }] }, 'error CONFIG_MISSING_KEY tls.keys[0]'],
      [{ public_key: 'a' }, 'error CONFIG_MISSING_KEY tls'],
      [{ keys: [PAIR], min_version: 'TLS1.2' }, 'error CONFIG_INVALID_VALUE tls.min_version'],
      [{ keys: [PAIR], max_version: 'TLS12' }, 'error CONFIG_INVALID_VALUE tls.max_version'],
      [{ keys: [PAIR], cipher_suites: [1] }, 'error CONFIG_INVALID_VALUE tls.cipher_suites'],
      [{ keys: [PAIR], curve_preferences: [1] }, 'error CONFIG_INVALID_VALUE tls.curve_preferences'],
      [{ keys: [PAIR], enable_mtls: true }, 'warning CONFIG_MTLS_TRUSTS_ALL tls.enable_mtls'],
    ]
    for (const [tls, expected] of cases) {
      const { diagnostics } = await load({ tls })
      assert.deepEqual(
        diagnostics.map(({ severity, code, path }) => `${severity} ${code} ${path}`),
        [expected],
      )
    }
  })

  test('with --lenient what is not known is left out', async () => {
    const settings = { min_version: 'TLS1.2', cipher_suites: [1, 47], curve_preferences: [1] }
    const { config, diagnostics } = await load({ tls: { keys: [PAIR], ...settings } }, true)
    assert.deepEqual(
      [config?.tls?.minVersion, config?.tls?.ciphers, config?.tls?.curves],
      ['TLSv1.3', `${SUITES_OF_1_3}:AES128-SHA`, 'auto'],
    )
    assert.deepEqual(
      diagnostics.map(({ severity }) => severity),
      ['warning', 'warning', 'warning'],
    )
  })
})

test('client_tls: of the service and, in its place, of a backend', async () => {
  const own = { disable_system_ca_pool: true, client_certs: [{ certificate: 'c.pem', private_key: 'c.key' }] }
  const { config } = await load({
    client_tls: { ca_certs: ['ca.pem'], allow_insecure_connections: true },
    endpoints: [{ endpoint: '/', backend: [{ host: 'h' }] }],
  })
  assert.deepEqual([config?.upstream.tls?.caFiles, config?.upstream.allowInsecureConnections], [['ca.pem'], true])
  assert.equal(config?.endpoints[0]?.backends[0]?.clientTls, null)
  const { backendHttpClient } = await import('../features/backend/http/client.ts')
  const value = {
    version: 3,
    endpoints: [
      { endpoint: '/', backend: [{ host: 'h', extra_config: { 'backend/http/client': { client_tls: own } } }] },
    ],
  }
  const backend = (await loadConfigObject(value, { features: [backendHttpClient] })).config?.endpoints[0]?.backends[0]
  assert.deepEqual(
    [backend?.clientTls?.certificates, backend?.clientTls?.systemCas, backend?.clientTls?.where],
    [
      [{ certificate: 'c.pem', privateKey: 'c.key' }],
      false,
      'endpoints[0].backend[0].extra_config."backend/http/client".client_tls',
    ],
  )
})
