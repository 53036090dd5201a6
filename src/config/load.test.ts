import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { defineFeature, type Feature } from './feature.ts'
import { type ConfigOptions, type Diagnostic, formatDiagnostic, loadConfig, loadConfigObject } from './load.ts'
import type { GatewayConfig } from './model.ts'
import { permissionsOf } from './permissions-options.ts'
import { Type } from './type.ts'

const folder = mkdtempSync(join(tmpdir(), 'loligo-config-'))
after(() => rmSync(folder, { recursive: true }))

const limit = defineFeature({
  namespace: 'qos/ratelimit/router',
  options: Type.Object({ max_rate: Type.Number(), every: Type.Duration({ default: 1000 }) }),
  endpoint: () => null,
})
const errors = defineFeature({
  namespace: 'backend/http',
  options: Type.Object({ return_error_code: Type.Optional(Type.Boolean()) }),
  backend: () => null,
})
const proxy = defineFeature({
  namespace: 'proxy',
  options: Type.Object({ sequential: Type.Optional(Type.Boolean()) }),
  levels: ['endpoint', 'backend'],
})
const router = defineFeature({
  namespace: 'router',
  options: Type.Object({ use_h2c: Type.Optional(Type.Boolean()) }),
  levels: ['service'],
})
const FEATURES: readonly Feature[] = [limit, errors, proxy, router]

function write(name: string, content: unknown): string {
  const file = join(folder, name)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return file
}

/** One endpoint with one backend, and what differs. */
function endpoint(path: string, more: object = {}, backend: object = {}): object {
  return { endpoint: path, backend: [{ host: ['http://b'], url_pattern: '/a', ...backend }], ...more }
}

async function load(value: object, options: Partial<ConfigOptions> = {}): Promise<GatewayConfig> {
  const { config, diagnostics } = await loadConfigObject({ version: 3, ...value }, { features: FEATURES, ...options })
  assert.ok(config !== null, diagnostics.map(formatDiagnostic).join('\n'))
  return config
}

/** `severity path: message` of each diagnostic. */
async function complaints(value: object, options: Partial<ConfigOptions> = {}): Promise<string[]> {
  const { config, diagnostics } = await loadConfigObject({ version: 3, ...value }, { features: FEATURES, ...options })
  assert.equal(
    config === null,
    diagnostics.some(({ severity }) => severity === 'error'),
  )
  return diagnostics.map(summary)
}

function summary({ severity, path, message }: Diagnostic): string {
  return `${severity} ${path}: ${message}`
}

test('an empty configuration has every default', async () => {
  const { config, diagnostics } = await loadConfigObject({ version: 3 }, { features: [] })
  assert.deepEqual(diagnostics, [])
  assert.deepEqual(config, {
    file: '',
    name: '',
    port: 8080,
    listenIp: '',
    server: {
      readTimeoutMs: 0,
      readHeaderTimeoutMs: 0,
      writeTimeoutMs: 0,
      idleTimeoutMs: 0,
      maxHeaderBytes: 1_048_576,
      useH2c: false,
      maxConcurrentRequests: null,
      maxQueueMs: 100,
      shutdownDelayMs: 0,
      maxShutdownWaitMs: 0,
    },
    tls: null,
    upstream: {
      disableKeepAlives: false,
      disableCompression: false,
      maxIdleConnections: 0,
      maxIdleConnectionsPerHost: 250,
      idleConnectionTimeoutMs: 0,
      responseHeaderTimeoutMs: 0,
      expectContinueTimeoutMs: 0,
      dialerTimeoutMs: 0,
      dialerKeepAliveMs: 15_000,
      dialerFallbackDelayMs: 300,
      dnsCacheTtlMs: 30_000,
      maxDecodedBytes: 67_108_864,
      allowInsecureConnections: false,
      tls: null,
    },
    debugEndpoint: false,
    echoEndpoint: false,
    parametersInSegments: false,
    sequentialStart: false,
    plugin: null,
    endpoints: [],
    extra: {},
    lenient: false,
  })
})

test('endpoints and backends inherit, and zero counts as not set', async () => {
  const config = await load({
    host: ['h:80/', 'https://s'],
    timeout: '3s',
    cache_ttl: '10s',
    output_encoding: 'xml',
    endpoints: [
      { endpoint: 'a/{id}', method: 'post', timeout: '0s', cache_ttl: 0, backend: { url_pattern: 'x/{id}' } },
      endpoint('/b', { timeout: '1s', cache_ttl: '5s', output_encoding: 'json' }, { method: 'delete', host: 'own/' }),
      endpoint('/c', { output_encoding: 'no-op' }, { encoding: 'xml', host: 'ws://x/p/', disable_host_sanitize: true }),
    ],
  })
  const [a, b, c] = config.endpoints
  assert.deepEqual(a, {
    path: '/a/{id}',
    method: 'POST',
    params: ['id'],
    timeoutMs: 3000,
    cacheTtlMs: 10_000,
    outputEncoding: 'xml',
    concurrentCalls: 1,
    inputHeaders: [],
    inputQueryStrings: [],
    backends: [
      {
        urlPattern: '/x/{id}',
        hosts: ['http://h:80', 'https://s'],
        disableHostSanitize: false,
        method: 'POST',
        encoding: 'json',
        isCollection: false,
        target: '',
        allow: [],
        deny: [],
        mapping: {},
        group: '',
        sd: 'static',
        sdScheme: 'http',
        inputHeaders: [],
        inputQueryStrings: [],
        clientTls: null,
        extra: {},
        index: 0,
        where: 'endpoints[0].backend[0]',
      },
    ],
    extra: {},
    where: 'endpoints[0]',
  })
  assert.deepEqual([b?.timeoutMs, b?.cacheTtlMs, b?.outputEncoding, b?.method], [1000, 5000, 'json', 'GET'])
  assert.deepEqual([b?.backends[0]?.method, b?.backends[0]?.hosts], ['DELETE', ['http://own']])
  assert.deepEqual([c?.backends[0]?.encoding, c?.backends[0]?.hosts], ['no-op', ['ws://x/p/']])
})

test('times of the server and the transport: defaults, none and fallbacks', async () => {
  const { server, upstream } = await load({
    read_timeout: '1s',
    write_timeout: '-1s',
    max_header_bytes: -1,
    dialer_keep_alive: '-1s',
    dialer_fallback_delay: '0s',
    dns_cache_ttl: '999ms',
    client_tls: { allow_insecure_connections: 'true' },
    extra_config: { router: { use_h2c: 'true' } },
  })
  assert.deepEqual(
    [server.idleTimeoutMs, server.writeTimeoutMs, server.maxHeaderBytes, server.useH2c],
    [1000, 0, 1_048_576, true],
  )
  assert.deepEqual(
    [upstream.dialerKeepAliveMs, upstream.dialerFallbackDelayMs, upstream.dnsCacheTtlMs],
    [0, 300, 30_000],
  )
  assert.equal(upstream.allowInsecureConnections, true)
})

test('HTTP/2 without TLS may be asked for by two keys, and has no effect beside TLS', async () => {
  for (const keys of [{ use_h2c: true }, { extra_config: { router: { use_h2c: true } } }]) {
    const { config, diagnostics } = await loadConfigObject({ version: 3, ...keys }, { features: [router] })
    assert.equal(config?.server.useH2c, true)
    assert.deepEqual(diagnostics, [])
  }
  const tls = { keys: [{ public_key: 'a.pem', private_key: 'a.key' }] }
  const { diagnostics } = await loadConfigObject({ version: 3, use_h2c: true, tls }, { features: [router] })
  assert.deepEqual(
    diagnostics.map(({ severity, code, path }) => [severity, code, path]),
    [['warning', 'CONFIG_WITHOUT_EFFECT', 'use_h2c']],
  )
})

const NO_SETTINGS = { onError: 'fail', timeoutMs: 0, optional: false, permissions: null }

test('the plugin section is taken over, with what is absent empty', async () => {
  const { plugin } = await load({ plugin: { pattern: '.so', folder: './plugins/' } })
  assert.deepEqual(plugin, { folder: './plugins/', pattern: '.so', packages: [], settings: {}, defaults: NO_SETTINGS })
  assert.equal((await load({ plugin: {} })).plugin?.folder, '')
})

test('the permissions of a plugin replace those for all as a whole; what they do not grant is denied', async () => {
  const granted = {
    hosts: ['api.example.com:443', '*.example.org'],
    env: ['HOME', 'APP_*'],
    memory: '256MB',
    time: '1s',
  }
  const { plugin } = await load({
    plugin: {
      defaults: { permissions: granted },
      settings: {
        own: { permissions: { files: { read: ['/etc/app'], write: ['data'] } } },
        reader: { permissions: { files: ['/etc/app'], memory: 2 ** 25 } },
        all: { permissions: { hosts: '*', env: ['*'] } },
        none: { permissions: {} },
        other: { timeout: '1s' },
      },
    },
  })
  const limits = { memoryBytes: 512 * 2 ** 20, timeMs: 2000 }
  const nothing = { hosts: [], env: [], files: { read: [], write: [] } }
  const defaults = { ...nothing, hosts: granted.hosts, env: granted.env, memoryBytes: 256 * 2 ** 20, timeMs: 1000 }
  assert.deepEqual(plugin?.defaults.permissions, defaults)
  assert.deepEqual(
    Object.entries(plugin.settings).map(([name, { permissions }]) => [name, permissions]),
    [
      ['own', { ...nothing, ...limits, files: { read: ['/etc/app'], write: [join(process.cwd(), 'data')] } }],
      ['reader', { ...nothing, ...limits, files: { read: ['/etc/app'], write: [] }, memoryBytes: 2 ** 25 }],
      ['all', { ...nothing, ...limits, hosts: null, env: null }],
      ['none', { ...nothing, ...limits }],
      ['other', defaults],
    ],
  )
  assert.equal(permissionsOf(plugin.defaults), plugin.defaults.permissions)
  const { plugin: silent } = await load({ plugin: { settings: { one: { permissions: null } } } })
  assert.equal(silent?.settings.one?.permissions, null)
  assert.deepEqual(permissionsOf(silent.defaults), { hosts: null, env: null, files: null, ...limits })
})

test('permissions that are malformed stop the start, leniently too', async () => {
  const cases: [permissions: object, path: string, message: string][] = [
    [{ network: false }, 'network', 'the key "network" is not known here'],
    [{ host: ['a'] }, 'host', 'the key "host" is not known here'],
    [{ hosts: ['a', ''] }, 'hosts[1]', '"" is no host'],
    [{ hosts: ['http://a'] }, 'hosts[0]', '"http://a" is no host'],
    [{ hosts: ['a:0'] }, 'hosts[0]', '"a:0" is no host'],
    [{ hosts: ['10.0.0.0/33'] }, 'hosts[0]', '"10.0.0.0/33" is no host'],
    [{ hosts: [['a']] }, 'hosts[0]', 'expected a string, got a list'],
    [{ env: [''] }, 'env[0]', '"" is no variable'],
    [{ env: ['A*B'] }, 'env[0]', '"A*B" is no variable'],
    [{ files: [''] }, 'files[0]', '"" is no path'],
    [{ files: { write: ['/data/*'] } }, 'files.write[0]', '"/data/*" is no path'],
    [{ files: { raed: ['/data'] } }, 'files.raed', 'the key "raed" is not known here'],
    [{ memory: 'much' }, 'memory', 'invalid size "much": a number with a unit such as "256MB" was expected'],
    [{ memory: '1TB' }, 'memory', 'invalid size "1TB": unknown unit "TB"'],
    [{ memory: '1MB' }, 'memory', '1MB is too little memory'],
    [{ memory: '5GB' }, 'memory', '5GB is more than can be had'],
    [{ time: '0s' }, 'time', 'a plugin with no time can do nothing'],
    [{ time: '2' }, 'time', 'invalid duration "2": the unit is missing after 2'],
  ]
  for (const lenient of [false, true]) {
    for (const [permissions, path, message] of cases) {
      const text = [`error plugin.settings.a.permissions.${path}: ${message}`]
      assert.deepEqual(await complaints({ plugin: { settings: { a: { permissions } } } }, { lenient }), text)
      const all = text.map((line) => line.replace('settings.a', 'defaults'))
      assert.deepEqual(await complaints({ plugin: { defaults: { permissions } } }, { lenient }), all)
    }
  }
})

test('the settings of a plugin are completed by the defaults for all', async () => {
  const answer = { status: 503, body: 'later' }
  const { plugin } = await load({
    plugin: {
      packages: ['a-package'],
      defaults: { timeout: '1s', on_error: 'skip' },
      settings: { one: { on_error: answer }, two: { optional: true, timeout: '20ms' } },
    },
  })
  assert.deepEqual(plugin?.packages, ['a-package'])
  assert.deepEqual(plugin.settings, {
    one: { onError: { ...answer, headers: {} }, timeoutMs: 1000, optional: false, permissions: null },
    two: { onError: 'skip', timeoutMs: 20, optional: true, permissions: null },
  })
})

test('comments and strange keys are left alone, and misspelt ones are told', async () => {
  const strange = { $schema: 'x', '@c': 1, _unknown: {}, something: [1], mood: 'blue' }
  const config = { ...strange, endpoints: [endpoint('/a', { '#n': 1, unknown: true }, { weight: 3, wish: 1 })] }
  assert.deepEqual(await complaints(config), [])
  assert.deepEqual(
    await complaints({ tiemout: '1s', endpoints: [endpoint('/a', { input_header: [] }, { whitelist: ['a'] })] }),
    [
      'warning tiemout: the key "tiemout" is not known here and is ignored',
      'warning endpoints[0].input_header: the key "input_header" is not known here and is ignored',
      'warning endpoints[0].backend[0].whitelist: "whitelist" is the name of an older version and is ignored',
    ].toSorted((a, b) => order(a) - order(b)),
  )
})

/** Without places, diagnostics come in the order of the checks: the insides of a list before its surroundings. */
function order(line: string): number {
  return ['whitelist', 'input_header', 'tiemout'].findIndex((key) => line.includes(key))
}

const REFUSED: readonly (readonly [name: string, value: object, expected: string])[] = [
  ['version', { version: 2 }, 'version: unsupported version: 2 (want: 3)'],
  ['version as text', { version: 'x' }, 'version: unsupported version: "x" (want: 3)'],
  ['duration', { timeout: '2 seconds' }, 'timeout: invalid duration "2 seconds": unknown unit " seconds"'],
  ['negative timeout', { timeout: '-1s' }, 'timeout: invalid duration "-1s": it must not be negative'],
  ['type', { port: { a: 1 } }, 'port: expected a whole number, got an object'],
  ['port', { port: 70_000 }, 'port: 70000 is more than 65535'],
  ['address', { listen_ip: '1.2.3' }, 'listen_ip: invalid ip address 1.2.3'],
  ['service host', { host: 'ftp://x' }, 'host[0]: host ftp://x not valid: invalid host'],
  [
    'backend host',
    { endpoints: [endpoint('/x', {}, { host: ['http://a.b/c d'] })] },
    'endpoints[0].backend[0].host[0]: host http://a.b/c d not valid: invalid host',
  ],
  [
    'no backends',
    { endpoints: [{ endpoint: '/x', method: 'GET', backend: [] }] },
    "endpoints[0].backend: ignoring the 'GET /x' endpoint, since it has 0 backends defined!",
  ],
  [
    'no backends and no method',
    { endpoints: [{ endpoint: '/x' }] },
    "endpoints[0].backend: ignoring the ' /x' endpoint, since it has 0 backends defined!",
  ],
  [
    'backend of a wrong type',
    { endpoints: [{ endpoint: '/x', backend: 3 }] },
    'endpoints[0].backend[0]: expected an object, got 3',
  ],
  ['no path', { endpoints: [{ backend: [{}] }] }, 'endpoints[0]: the required key "endpoint" is missing'],
  [
    'reserved path',
    { endpoints: [endpoint('/foo/__health')] },
    "endpoints[0].endpoint: ignoring the ' /foo/__health' endpoint, since it is invalid!!!",
  ],
  [
    'below a reserved path',
    { endpoints: [endpoint('/__debug/x')] },
    "endpoints[0].endpoint: ignoring the ' /__debug/x' endpoint, since it is invalid!!!",
  ],
  [
    'asterisk',
    { endpoints: [endpoint('/a*b')] },
    "endpoints[0].endpoint: ignoring the ' /a*b' endpoint, since it is invalid!!!",
  ],
  [
    'wildcard',
    { endpoints: [endpoint('/any/*')] },
    "endpoints[0].endpoint: the endpoint ' /any/*' ends in a wildcard, which is not supported",
  ],
  [
    'parameter inside a segment',
    { endpoints: [endpoint('/file.{ext}')] },
    "endpoints[0].endpoint: the segment file.{ext} of ' /file.{ext}' has a parameter that does not fill it",
  ],
  [
    'braces without a name',
    { endpoints: [endpoint('/a/{b c}')] },
    "endpoints[0].endpoint: the segment {b c} of ' /a/{b c}' has braces that enclose no parameter",
  ],
  [
    'parameters side by side',
    { disable_rest: true, endpoints: [endpoint('/{a}{b}')] },
    "endpoints[0].endpoint: the segment {a}{b} of ' /{a}{b}' has two parameters with nothing between them",
  ],
  [
    'undefined parameter',
    { endpoints: [endpoint('/x/{id}', {}, { url_pattern: '/a/{name}' })] },
    "endpoints[0].backend[0].url_pattern: undefined output param 'name'! endpoint: GET /x/:id, backend: 0. input: [id], output: [name]",
  ],
  [
    'too many parameters',
    { endpoints: [endpoint('/x/{id}', {}, { url_pattern: '/a/{id}/{other}/{more}' })] },
    'endpoints[0].backend[0].url_pattern: input and output params do not match. endpoint: GET /x/:id, backend: 0. input: [id], output: [id more other]',
  ],
  [
    'claim without a validator',
    { endpoints: [endpoint('/x', {}, { url_pattern: '/a/{JWT.sub}' })] },
    "endpoints[0].backend[0].url_pattern: undefined output param 'JWT.sub'! endpoint: GET /x, backend: 0. input: [], output: [JWT.sub]",
  ],
  [
    'value of a parallel backend',
    { endpoints: [{ endpoint: '/x', backend: [{}, { url_pattern: '/{resp0_id}' }] }] },
    "endpoints[0].backend[1].url_pattern: undefined output param 'resp0_id'! endpoint: GET /x, backend: 1. input: [], output: [resp0_id]",
  ],
  [
    'no-op merge',
    { endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{}, {}] }] },
    'endpoints[0].backend: can not use NoOp encoding with more than one backends connected to the same endpoint (GET /x has 2)',
  ],
  [
    'duplicate',
    { endpoints: [endpoint('/same/{id}'), endpoint('/same/{id}', { method: 'get' })] },
    "endpoints[1].endpoint: GET /same/{id} (endpoints[1]) repeats GET /same/{id} (endpoints[0]): handlers are already registered for path '/same/:id'",
  ],
  [
    'conflicting names',
    { endpoints: [endpoint('/user/{a}'), endpoint('/user/{b}/some')] },
    "endpoints[1].endpoint: GET /user/{b}/some (endpoints[1]) conflicts with GET /user/{a} (endpoints[0]): ':b' in new path '/user/:b/some' conflicts with existing wildcard ':a' in existing prefix '/user/:a'",
  ],
]

for (const [name, value, expected] of REFUSED) {
  test(`refused: ${name}`, async () => assert.deepEqual(await complaints(value), [`error ${expected}`]))
}

const ACCEPTED: readonly (readonly [name: string, value: object])[] = [
  ['the same path with other methods', { endpoints: [endpoint('/x'), endpoint('/x', { method: 'PUT' })] }],
  [
    'other parameter names in other methods',
    { endpoints: [endpoint('/x/{a}'), endpoint('/x/{b}', { method: 'PUT' })] },
  ],
  ['static beside parameter', { endpoints: [endpoint('/x/{a}'), endpoint('/x/me'), endpoint('/x/me/{b}')] }],
  [
    'parameters inside segments',
    { disable_rest: true, endpoints: [endpoint('/{a}.{b}', {}, { url_pattern: '/{b}/{a}' })] },
  ],
  [
    'values of earlier backends in a sequence',
    {
      endpoints: [
        {
          endpoint: '/x',
          backend: [{}, { url_pattern: '/{resp0_a.b}' }],
          extra_config: { proxy: { sequential: 'true' } },
        },
      ],
    },
  ],
  ['a reserved name as a part of a word', { endpoints: [endpoint('/__healthy')] }],
  ['TLS that is turned off', { tls: { disabled: 'true', keys: [] } }],
]

for (const [name, value] of ACCEPTED) {
  test(`accepted: ${name}`, async () => assert.deepEqual(await complaints(value), []))
}

test('a sequence cannot use the answer of a later backend', async () => {
  const backend = [{ url_pattern: '/{resp1_a}' }, {}]
  const [line] = await complaints({
    endpoints: [{ endpoint: '/x', backend, extra_config: { proxy: { sequential: true } } }],
  })
  assert.match(line ?? '', /undefined output param 'resp1_a'/)
})

test('claims can be used where tokens are validated', async () => {
  const validator = defineFeature({ namespace: 'auth/validator', options: Type.Unknown(), endpoint: () => null })
  const value = {
    endpoints: [endpoint('/x', { extra_config: { 'auth/validator': {} } }, { url_pattern: '/{JWT.sub}' })],
  }
  assert.deepEqual(await complaints(value, { features: [validator] }), [])
})

test('endpoints with other methods are skipped and do not stop the start', async () => {
  const value = { endpoints: [endpoint('/h', { method: 'HEAD' }), endpoint('/x')] }
  assert.deepEqual(await complaints(value), [
    'skipped endpoints[0].method: Unsupported method HEAD: the endpoint /h is left out',
  ])
  const config = await load(value)
  assert.deepEqual(
    config.endpoints.map(({ path, where }) => [path, where]),
    [['/x', 'endpoints[1]']],
  )
})

test('everything wrong is told at once', async () => {
  const lines = await complaints({
    timeout: 'x',
    listen_ip: 'y',
    endpoints: [endpoint('/a', { cache_ttl: 'z' }, { host: 'no host', url_pattern: '/{b}' }), { endpoint: '/__echo' }],
  })
  const told = ['timeout', 'listen_ip', 'cache_ttl', 'host[0]', 'url_pattern', '__echo', '0 backends']
  assert.equal(lines.length, told.length)
  for (const part of told)
    assert.ok(
      lines.some((line) => line.includes(part)),
      part,
    )
})

test('suspicious values are warned of', async () => {
  const value = {
    output_encoding: 'jsno',
    endpoints: [endpoint('/a/:id', { output_encoding: 'noop' }, { encoding: 'XML', sd: 'srv' })],
  }
  assert.deepEqual(await complaints(value), [
    'warning output_encoding: the encoding "jsno" is not known and is treated as json',
    "warning endpoints[0].endpoint: the segment :id of ' /a/:id' is taken literally",
    'warning endpoints[0].output_encoding: the encoding "noop" is not known and is treated as json',
    'warning endpoints[0].backend[0].encoding: the encoding "XML" is not known and is treated as json',
    'warning endpoints[0].backend[0].sd: the service discovery "srv" is not known and is treated as static',
  ])
})

test('sections that are not implemented stop the start unless lenient', async () => {
  const value = { async_agent: [{ name: 'a' }] }
  const lines = await complaints(value)
  assert.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['error async_agent'],
  )
  const lenient = await complaints(value, { lenient: true })
  assert.deepEqual(
    lenient,
    lines.map((line) => line.replace('error', 'warning')),
  )
})

test('variables of the environment replace root keys and set absent ones', async () => {
  const env = {
    KRAKEND_NAME: 'from env',
    KRAKEND_PORT: '9091',
    KRAKEND_TIMEOUT: '350ms',
    KRAKEND_HOST: 'envhost:90',
    KRAKEND_DEBUG_ENDPOINT: '1',
    KRAKEND_CACHE_TTL: '',
    KRAKEND_ENDPOINTS: '[]',
    KRAKEND_UNKNOWN: 'x',
    KRAKEND_SERVICE_PORT: 'tcp://1.2.3.4:80',
  }
  const value = { name: 'in file', port: 1, cache_ttl: '7s', endpoints: [{ endpoint: '/a', backend: [{}] }] }
  const config = await load(value, { env })
  const [first] = config.endpoints
  assert.deepEqual([config.name, config.port, config.debugEndpoint], ['from env', 9091, true])
  assert.deepEqual([first?.timeoutMs, first?.cacheTtlMs, first?.backends[0]?.hosts], [350, 7000, ['http://envhost:90']])
  const overridden = await load(value, { env, overrides: { port: 7, debugEndpoint: false } })
  assert.deepEqual([overridden.port, overridden.debugEndpoint], [7, false])
})

test('a variable that does not fit is named, and the port of Kubernetes is ignored', async () => {
  const env = { KRAKEND_PORT: 'tcp://10.0.0.1:8080', KRAKEND_TIMEOUT: 'soon', KRAKEND_LISTEN_IP: '1.2.3' }
  const { diagnostics } = await loadConfigObject({ version: 3, port: 5 }, { features: [], env })
  assert.deepEqual(
    diagnostics.map(({ severity, code, file, path }) => [severity, code, file, path]),
    [
      ['warning', 'CONFIG_ENVIRONMENT_IGNORED', 'environment', 'KRAKEND_PORT'],
      ['error', 'CONFIG_INVALID_LISTEN_IP', 'environment', 'KRAKEND_LISTEN_IP'],
      ['error', 'CONFIG_ENVIRONMENT_VALUE', 'environment', 'KRAKEND_TIMEOUT'],
    ].toSorted((a, b) => rank(a[1]) - rank(b[1])),
  )
  const port = await load({ port: 5 }, { env: { KRAKEND_PORT: 'udp://10.0.0.1:8080' } })
  assert.equal(port.port, 5)
})

/** Root keys are read in the order of the schema: port, then timeout; the address is checked after all of them. */
function rank(code: string | undefined): number {
  return ['CONFIG_ENVIRONMENT_IGNORED', 'CONFIG_ENVIRONMENT_VALUE', 'CONFIG_INVALID_LISTEN_IP'].indexOf(code ?? '')
}

test('places are found in JSON, YAML and TOML', async () => {
  const json =
    '{\n  "version": 3,\n  "timeout": "x",\n  "endpoints": [\n    { "endpoint": "/a", "backend": [{ "host": ["a b"] }] }\n  ]\n}\n'
  const yaml =
    'version: 3\ntimeout: x\nendpoints:\n  - endpoint: /a\n    backend:\n      - url_pattern: /x\n        host: [c, "a b"]\n'
  const toml =
    'version = 3\ntimeout = "x"\n# note\n[[endpoints]]\nendpoint = "/a"\n\n  [[endpoints.backend]]\n  url_pattern = "/x"\n  host = [\n    "a b",\n  ]\n'
  const cases: readonly (readonly [string, string, string[]])[] = [
    ['places.json', json, ['3:3 timeout', '5:48 endpoints[0].backend[0].host[0]']],
    ['places.yaml', yaml, ['2:1 timeout', '7:19 endpoints[0].backend[0].host[1]']],
    ['places.toml', toml, ['2:1 timeout', '9:3 endpoints[0].backend[0].host[0]']],
  ]
  for (const [name, content, expected] of cases) {
    const file = write(name, content)
    const { diagnostics } = await loadConfig({ file, features: [] })
    assert.deepEqual(
      diagnostics.map(({ line, column, path }) => `${line}:${column} ${path}`),
      expected,
      name,
    )
    assert.ok(diagnostics.every((diagnostic) => diagnostic.file === file))
  }
})

test('a diagnostic is written with its place, path, remedy and code', async () => {
  const file = write('format.json', '{"version": 3,\n "timeout": "2 seconds"}')
  const { diagnostics } = await loadConfig({ file, features: [] })
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    `${file}:2:2: error: timeout: invalid duration "2 seconds": unknown unit " seconds"\n` +
      '    Write numbers, each with a unit (ns, us, µs, ms, s, m, h), such as 2s, 1m30s or 1500ms. (CONFIG_INVALID_DURATION)',
  ])
})

test('YAML and TOML load as JSON does', async () => {
  const yaml =
    'version: 3\nx-base: &base\n  timeout: 1500ms\nendpoints:\n  - <<: *base\n    endpoint: /u/{id}\n    backend: [{host: h, url_pattern: "/x/{id}"}]\n'
  const toml =
    'version = 3\n[[endpoints]]\nendpoint = "/u/{id}"\ntimeout = "1500ms"\nbackend = [{ host = "h", url_pattern = "/x/{id}" }]\n'
  const json =
    '\ufeff{"version": "3", "endpoints": {"endpoint": "/u/{id}", "timeout": 1500000000, "backend": {"host": "h", "url_pattern": "/x/{id}"}}}'
  const results: unknown[] = []
  for (const [name, content] of [
    ['a.yml', yaml],
    ['a.toml', toml],
    ['a.conf', json],
  ] as const) {
    const { config, diagnostics } = await loadConfig({ file: write(name, content), features: [] })
    assert.deepEqual(diagnostics.map(formatDiagnostic), [], name)
    results.push(config?.endpoints)
  }
  assert.deepEqual(results[0], results[2])
  assert.deepEqual(results[1], results[2])
})

test('a template step comes before parsing, and its failure is told', async () => {
  const file = write('template.json', '{"version": 3, "port": PORT}')
  const { config } = await loadConfig({ file, features: [], render: (text) => text.replace('PORT', '99') })
  assert.equal(config?.port, 99)
  const render = () => Promise.reject(new Error('template: k.tmpl:3: function "x" not defined'))
  const { diagnostics } = await loadConfig({ file, features: [], render })
  assert.deepEqual(diagnostics.map(summary), ['error : template: k.tmpl:3: function "x" not defined'])
})

test('a file that is not there is named with the reason', async () => {
  const file = join(folder, 'absent.json')
  const { config, diagnostics } = await loadConfig({ file, features: [] })
  assert.equal(config, null)
  assert.deepEqual(diagnostics.map(summary), [`error : open ${file}: no such file or directory`])
})

test('duplicate keys and keys of the prototype do no harm', async () => {
  const text =
    '{"version": 3, "port": 1, "port": 2, "__proto__": {"name": "x"}, "extra_config": {"__proto__": {"a": 1}, "constructor": 1}}'
  const { config, diagnostics } = await loadConfig({ file: write('proto.json', text), features: [] })
  assert.deepEqual([config?.port, config?.name], [2, ''])
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['CONFIG_NAMESPACE_UNKNOWN'],
  )
  const last = await loadConfig({ file: write('dup.json', '{"version": 3,\n"port": 1,\n"port": "x"}'), features: [] })
  assert.equal(last.diagnostics[0]?.line, 3)
})

test('the result is plain data of its own', async () => {
  const headers = ['A']
  const given = {
    version: 3,
    endpoints: [endpoint('/a', { input_headers: headers })],
    extra_config: { 'x/y': { deep: [1] } },
  }
  const { config } = await loadConfigObject(given, { features: [] })
  assert.deepEqual(structuredClone(config), config)
  assert.notEqual(config?.extra['x/y'], given.extra_config['x/y'])
  const { diagnostics } = await loadConfigObject({ version: 3, hook: () => 1 }, { features: [] })
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['CONFIG_NOT_PLAIN_DATA'],
  )
  const list = await loadConfigObject([], { features: [] })
  assert.deepEqual(list.diagnostics.map(summary), ['error : the configuration must be an object, not a list'])
})
