import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Diagnostic, loadConfig } from '../src/config/load.ts'
import { features } from '../src/gateway/pipeline.ts'
import { folderWith } from './support/command-line.ts'

const JSON_TEXT = `{
  "$schema": "https://example.com/schema.json",
  "version": 3,
  "name": "a name",
  "port": "8081",
  "timeout": "1m30s",
  "host": "http://127.0.0.1:10",
  "extra_config": { "router": { "error_body": { "404": { "list": [1, "two", null, true, 1.5] } } } },
  "endpoints": [
    {
      "endpoint": "/a/{id}",
      "input_headers": ["*"],
      "backend": [{ "url_pattern": "/up/{id}", "mapping": { "a": "b" } }]
    }
  ]
}
`
const YAML_TEXT = `# a comment
version: 3
name: a name
port: "8081"
timeout: 1m30s
host: http://127.0.0.1:10
extra_config:
  router:
    error_body:
      404: { list: [1, two, null, true, 1.5] }
endpoints:
  - endpoint: /a/{id}
    input_headers: ['*']
    backend:
      - url_pattern: /up/{id}
        mapping:
          a: b
`
const TOML_TEXT = `# a comment
version = 3
name = "a name"
port = "8081"
timeout = "1m30s"
host = "http://127.0.0.1:10"

[extra_config.router.error_body.404]
list = [1, "two", "null", true, 1.5]

[[endpoints]]
endpoint = "/a/{id}"
input_headers = ["*"]

[[endpoints.backend]]
url_pattern = "/up/{id}"
mapping = { a = "b" }
`
const FILES = {
  'a.json': JSON_TEXT,
  'a.yml': YAML_TEXT,
  'a.yaml': YAML_TEXT,
  'a.toml': TOML_TEXT.replace('"null"', '"nothing"'),
}

const errorsOf = (diagnostics: readonly Diagnostic[]) => diagnostics.filter(({ severity }) => severity === 'error')

test('YAML and TOML say the same as JSON', async (t) => {
  const folder = folderWith(t, FILES)
  const load = (name: string) => loadConfig({ file: join(folder, name), features })
  const [json, ...others] = await Promise.all(Object.keys(FILES).map(load))
  assert.deepEqual(json?.diagnostics, [])
  assert.equal(json?.config?.port, 8081)
  assert.equal(json?.config?.endpoints[0]?.timeoutMs, 90_000)
  for (const { config, diagnostics } of others) {
    assert.deepEqual(errorsOf(diagnostics), [])
    assert.ok(config !== null && json?.config != null)
    // TOML has no null.
    const text = JSON.stringify({ ...config, file: '' }).replace('"nothing"', 'null')
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify({ ...json.config, file: '' })))
  }
})

describe('a fault is told with its place in every format', () => {
  const faults: readonly (readonly [name: string, text: string, line: number, path: string])[] = [
    ['a.json', JSON_TEXT.replace('"1m30s"', '"soon"'), 6, 'timeout'],
    ['a.yaml', YAML_TEXT.replace('1m30s', 'soon'), 5, 'timeout'],
    ['a.toml', TOML_TEXT.replace('1m30s', 'soon'), 0, 'timeout'],
    ['a.json', JSON_TEXT.replace('"/up/{id}"', '"/up/{no}"'), 13, 'endpoints[0].backend[0].url_pattern'],
    ['a.yaml', YAML_TEXT.replace('/up/{id}', '/up/{no}'), 15, 'endpoints[0].backend[0].url_pattern'],
    ['a.json', JSON_TEXT.slice(0, -3), 15, ''],
    ['a.yaml', YAML_TEXT.replace('name: a name', 'name: [a'), 4, ''],
    ['a.toml', TOML_TEXT.replace('port = ', 'port '), 4, ''],
  ]
  for (const [name, text, line, path] of faults) {
    test(`${name}: ${path === '' ? 'syntax' : path}`, async (t) => {
      const file = join(folderWith(t, { [name]: text }), name)
      const { config, diagnostics } = await loadConfig({ file, features })
      assert.equal(config, null)
      const [first] = errorsOf(diagnostics)
      assert.equal(first?.file, file)
      assert.equal(first?.path, path)
      if (line > 0) assert.equal(first?.line, line, JSON.stringify(first))
    })
  }
})
