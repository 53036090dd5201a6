import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DataObject } from '../pipes/proxy.ts'
import { createEncoder } from './encoders.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const XML_TYPE = 'application/xml'
const YAML_TYPE = 'application/yaml; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

const TABLE: [name: string, backend: string | undefined, data: DataObject | null, type: string, body: string][] = [
  ['json', 'json', { a: 1 }, JSON_TYPE, '{"a":1}'],
  ['json', 'xml', { a: 1 }, JSON_TYPE, '{"a":1}'],
  ['json', undefined, {}, JSON_TYPE, '{}'],
  ['json', 'json', null, JSON_TYPE, 'null'],
  ['json-collection', 'json', { collection: [1, { a: 2 }] }, JSON_TYPE, '[1,{"a":2}]'],
  ['json-collection', 'json', { a: 1 }, JSON_TYPE, '[]'],
  ['json-collection', 'json', null, JSON_TYPE, '[]'],
  ['string', 'string', { content: 'héllo "x"' }, TEXT_TYPE, 'héllo "x"'],
  ['string', 'json', { content: 5 }, TEXT_TYPE, ''],
  ['string', 'json', { a: 1 }, TEXT_TYPE, ''],
  ['string', 'json', null, TEXT_TYPE, ''],
  ['xml', 'json', { a: 1, b: 2 }, XML_TYPE, '<doc><a>1</a><b>2</b></doc>'],
  ['yaml', 'json', { a: 1 }, YAML_TYPE, 'a: 1\n'],
  ['fast-json', 'fast-json', { a: 1 }, JSON_TYPE, '{"a":1}'],
  ['whatever', 'whatever', { a: 1 }, JSON_TYPE, '{"a":1}'],
  ['whatever', 'string', { content: 'x' }, TEXT_TYPE, 'x'],
  ['whatever', 'xml', { a: 1 }, XML_TYPE, '<a>1</a>'],
  ['whatever', undefined, { a: 1 }, JSON_TYPE, '{"a":1}'],
]

for (const [name, backend, data, type, body] of TABLE) {
  test(`${name} for a backend with ${backend ?? 'others'} writes ${body || 'nothing'}`, () => {
    const encoder = createEncoder(name, backend)
    assert.equal(encoder.contentType, type)
    assert.equal(encoder.encode(data), body)
    assert.ok(!('negotiate' in encoder))
  })
}

const ACCEPTED: [accept: string | null, type: string][] = [
  [null, JSON_TYPE],
  ['', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/xml', XML_TYPE],
  ['APPLICATION/XML', XML_TYPE],
  ['text/plain', YAML_TYPE],
  ['application/x-yaml', YAML_TYPE],
  ['image/png', JSON_TYPE],
  ['text/html, application/xml;q=0.9, */*;q=0.8', XML_TYPE],
  ['application/json;q=0.1, application/xml', JSON_TYPE],
  ['*/*, application/xml', JSON_TYPE],
]

for (const [accept, type] of ACCEPTED) {
  test(`Accept: ${accept ?? '(none)'} is answered with ${type}`, () => {
    assert.equal(createEncoder('negotiate', undefined).negotiate?.(accept).contentType, type)
  })
}
