import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDiagnostic } from './diagnostic.ts'
import { resolveExtraConfig } from './extra-config.ts'
import { defineFeature, type Feature } from './feature.ts'
import { ALIASES } from './namespace-aliases.ts'
import { type Level, NAMESPACES, shortNamespace } from './namespaces.ts'
import { nowhere } from './positions.ts'
import { Report } from './report.ts'
import { Type } from './type.ts'

const validator = defineFeature({
  namespace: 'auth/validator',
  options: Type.Object({ alg: Type.String(), roles: Type.Optional(Type.Array(Type.String())) }),
  endpoint: () => null,
})
const cors = defineFeature({ namespace: 'security/cors', options: Type.Object({}), server: () => null })
const errors = defineFeature({ namespace: 'backend/http', options: Type.Object({}), backend: () => null })
const router = defineFeature({ namespace: 'router', options: Type.Object({}), levels: ['service'] })
const cache = defineFeature({
  namespace: 'qos/http-cache',
  options: Type.Object({
    items: Type.Integer({ default: 9 }),
    size: Type.Integer({ default: 9 }),
    name: Type.String(),
  }),
  wrongOptions: 'ignored',
  check: ({ items, size }, level) =>
    items <= size
      ? []
      : [
          { code: 'CONFIG_INVALID_VALUE', severity: 'error', path: ['items'], message: `too many at the ${level}` },
          { code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: [], message: 'look at it' },
        ],
  backend: () => null,
})
const FEATURES: readonly Feature[] = [validator, cors, errors, router, cache]

function resolve(level: Level, blocks: Record<string, unknown>, lenient = false) {
  const report = new Report('', lenient)
  const index = new Map(FEATURES.map((feature) => [feature.namespace, feature]))
  const extra = resolveExtraConfig(level, blocks, ['extra_config'], index, report)
  return {
    extra,
    lines: report.diagnostics(nowhere).map((diagnostic) => formatDiagnostic(diagnostic).split('\n    ').join(' | ')),
  }
}

test('options of features are checked and converted', () => {
  const { extra, lines } = resolve('endpoint', { 'auth/validator': { alg: 'RS256', roles: 'admin', '@comment': 1 } })
  assert.deepEqual(lines, [])
  assert.deepEqual(extra, { 'auth/validator': { alg: 'RS256', roles: ['admin'] } })
})

test('an unknown option is a warning with the nearest known one', () => {
  const { extra, lines } = resolve('endpoint', { 'auth/validator': { alg: 'RS256', rolse: [] } })
  assert.deepEqual(lines, [
    'warning: extra_config."auth/validator".rolse: the key "rolse" is not known here and is ignored | Did you mean "roles"? (CONFIG_UNKNOWN_KEY)',
  ])
  assert.deepEqual(extra, { 'auth/validator': { alg: 'RS256' } })
})

test('wrong options stop the start; lenient drops the block with a warning', () => {
  for (const block of [{ alg: {} }, {}, null, 'RS256', []]) {
    const strict = resolve('endpoint', { 'auth/validator': block })
    assert.match(strict.lines.join('\n'), /^error: extra_config\."auth\/validator"/, JSON.stringify(block))
    assert.deepEqual(strict.extra, {})
    const lenient = resolve('endpoint', { 'auth/validator': block }, true)
    assert.match(lenient.lines.join('\n'), /^warning: .* \("auth\/validator" is ignored here\)/)
    assert.deepEqual(lenient.extra, {})
  }
})

test('what a feature knows of its options is told with the place', () => {
  const { extra, lines } = resolve('backend', { 'qos/http-cache': { items: 3, size: 2, name: 'a' } })
  assert.deepEqual(lines, [
    'warning: extra_config."qos/http-cache": look at it | Remove the setting; the gateway runs without it. (CONFIG_WITHOUT_EFFECT)',
    'error: extra_config."qos/http-cache".items: too many at the backend | Choose one of the allowed values. (CONFIG_INVALID_VALUE)',
  ])
  assert.deepEqual(extra, {})
  assert.deepEqual(resolve('backend', { 'qos/http-cache': { items: 2, size: 2, name: 'a' } }).lines, [])
})

test('lenient leaves single options out where a feature says so, and keeps the others', () => {
  const wrong = resolve('backend', { 'qos/http-cache': { items: 'x', size: 2, name: 'a' } }, true)
  assert.deepEqual(wrong.extra, {}, 'the default of 9 items does not fit to 2')
  assert.equal(wrong.lines.filter((line) => line.includes('the option is ignored')).length, 1)
  const { extra, lines } = resolve('backend', { 'qos/http-cache': { items: 3, size: 'x', name: 'a', '@c': {} } }, true)
  assert.deepEqual(extra, { 'qos/http-cache': { items: 3, size: 9, name: 'a' } })
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^warning: extra_config\."qos\/http-cache"\.size: .*\(the option is ignored\)/)
  const without = resolve('backend', { 'qos/http-cache': { items: 1 } }, true)
  assert.deepEqual(without.extra, {}, 'an option that is missing cannot be left out')
  assert.match(without.lines[0] ?? '', /^warning: .*name.* \("qos\/http-cache" is ignored here\)/)
})

test('a guarding component that is not implemented stops the start, unless lenient', () => {
  const blocks: readonly (readonly [Level, string])[] = [
    ['endpoint', 'qos/ratelimit/router'],
    ['service', 'auth/api-keys'],
    ['service', 'auth/validator'],
    ['endpoint', 'validation/cel'],
    ['backend', 'backend/lambda'],
    ['backend', 'modifier/martian'],
    ['service', 'plugin/http-server'],
    ['endpoint', 'github_com/devopsfaith/krakend-lua/proxy'],
    ['endpoint', 'websocket'],
  ]
  for (const [level, namespace] of blocks) {
    const { lines } = resolve(level, { [namespace]: {} })
    assert.match(
      lines.join('\n'),
      /^error: .* not available .* unguarded or unchanged .*--lenient.*NOT_IMPLEMENTED\)$/,
      namespace,
    )
    assert.match(resolve(level, { [namespace]: {} }, true).lines.join('\n'), /^warning: /, namespace)
  }
})

test('components that only observe or describe are a warning', () => {
  const { lines } = resolve('service', { 'telemetry/influx': {}, 'documentation/openapi': {} })
  assert.equal(lines.length, 2)
  for (const line of lines) assert.match(line, /^warning: .* not available at this place in this version \| /)
})

test('an unknown component is a warning with the nearest known one, a comment is none', () => {
  const { extra, lines } = resolve('endpoint', { 'auth/validtor': { a: 1 }, 'acme/x': 1, '@note': 1, _old: 2 })
  assert.deepEqual(lines, [
    'warning: extra_config."auth/validtor": the component "auth/validtor" is not known and is ignored | Did you mean "auth/validator"? (CONFIG_NAMESPACE_UNKNOWN)',
    'warning: extra_config."acme/x": the component "acme/x" is not known and is ignored | Check the spelling of the namespace, or remove the block. (CONFIG_NAMESPACE_UNKNOWN)',
  ])
  assert.deepEqual(extra, { 'auth/validtor': { a: 1 }, 'acme/x': 1 })
})

test('a component at a place where it cannot stand has no effect, and the right places are named', () => {
  const cases: readonly (readonly [Level, string, RegExp])[] = [
    ['service', 'backend/http', /no effect here, at the service \| Move it to the extra_config of the backend,/],
    ['endpoint', 'router', /at the endpoint \| Move it to the extra_config of the service,/],
    ['service', 'async/amqp', /Move it to the extra_config of an agent/],
  ]
  for (const [level, namespace, expected] of cases) {
    const { extra, lines } = resolve(level, { [namespace]: {} })
    assert.match(lines.join('\n'), /^warning: .*MISPLACED\)$/)
    assert.match(lines.join('\n'), expected)
    assert.deepEqual(extra, {})
  }
})

test('a component that protects must not stand where it has no effect, unless lenient', () => {
  const place = /at the backend.* \| Move it to the extra_config of the service or the endpoint,/
  const strict = resolve('backend', { 'security/cors': {} }).lines.join('\n')
  assert.match(strict, /^error: .*MISPLACED\)$/)
  assert.match(strict, place)
  assert.match(resolve('backend', { 'security/cors': {} }, true).lines.join('\n'), /^warning: .*MISPLACED\)$/)
})

test('every long name counts as its short one, in both spellings', () => {
  assert.equal(ALIASES.size % 2, 0)
  for (const [long, short] of ALIASES) {
    assert.equal(shortNamespace(long), short)
    assert.ok(NAMESPACES.has(short) || short === 'async/amqp', short)
    const other = long.startsWith('github.com/')
      ? long.replace('github.com/', 'github_com/')
      : long.replace('github_com/', 'github.com/')
    assert.equal(ALIASES.get(other), short)
  }
  const { extra } = resolve('endpoint', { 'github.com/devopsfaith/krakend-jose/validator': { alg: 'x' } })
  assert.deepEqual(extra, { 'auth/validator': { alg: 'x' } })
  assert.deepEqual(resolve('service', { 'github_com/luraproject/lura/router/gin': {} }).extra, { router: {} })
})

test('the short name wins over a long one, wherever it stands, with a warning', () => {
  const long = 'github.com/devopsfaith/krakend-jose/validator'
  for (const names of [
    [long, 'auth/validator'],
    ['auth/validator', long],
  ]) {
    const { extra, lines } = resolve('endpoint', Object.fromEntries(names.map((name) => [name, { alg: name }])))
    assert.deepEqual(extra, { 'auth/validator': { alg: 'auth/validator' } })
    assert.match(lines.join('\n'), /^warning: .*"auth\/validator" is configured too, so this block is ignored/)
  }
})
