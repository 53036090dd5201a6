import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const YAML_TYPE = 'application/yaml; charset=utf-8'
const XML_TYPE = 'application/xml'

for (const [output, encoding, upstreamBody, body, type] of [
  ['json', 'json', '{"a":{"b":[1,"x"]}}', '{"a":{"b":[1,"x"]}}', JSON_TYPE],
  ['json', 'json', 'null', 'null', JSON_TYPE],
  ['json', 'string', 'text', '{"content":"text"}', JSON_TYPE],
  ['json-collection', 'safejson', '[1,2]', '[1,2]', JSON_TYPE],
  ['json-collection', 'json', '{"a":1}', '[]', JSON_TYPE],
  ['json-collection', 'json', '{"collection":{"a":1}}', '{"a":1}', JSON_TYPE],
  ['json-collection', 'json', 'null', '[]', JSON_TYPE],
  ['string', 'string', 'some <text>', 'some <text>', TEXT_TYPE],
  ['string', 'json', '{"content":1}', '', TEXT_TYPE],
  ['string', 'json', '{"a":1}', '', TEXT_TYPE],
  [
    'xml',
    'json',
    '{"r":{"-a":1,"#text":"<&","n":null,"l":[1,2]}}',
    '<r a="1">&lt;&amp;<l>1</l><l>2</l><n/></r>',
    XML_TYPE,
  ],
  ['xml', 'json', '{"b":1,"a":true}', '<doc><a>true</a><b>1</b></doc>', XML_TYPE],
  ['xml', 'json', '{}', '<doc/>', XML_TYPE],
  ['yaml', 'json', '{"b":[1,{"c":"yes"}],"a":null}', 'a: null\nb:\n- 1\n- c: "yes"\n', YAML_TYPE],
  ['yaml', 'json', '{}', '{}\n', YAML_TYPE],
  ['fast-json', 'json', '{"a":1}', '{"a":1}', JSON_TYPE],
  ['fast-json', 'string', 'text', 'text', TEXT_TYPE],
  ['unknown', 'xml', '<r>1</r>', '<r>1</r>', XML_TYPE],
  ['unknown', 'rss', '<rss version="2.0"><channel><title>t</title></channel></rss>', null, JSON_TYPE],
] as const) {
  test(`${encoding} to ${output}: ${upstreamBody}`, async (t) => {
    const upstream = await startBackend(t, { '/': { body: upstreamBody } })
    const gateway = await startGateway(t, {
      host: [upstream.url],
      endpoints: [{ endpoint: '/x', output_encoding: output, backend: [{ url_pattern: '/', encoding }] }],
    })
    const answer = await gateway.request('/x')
    assert.equal(answer.status, 200)
    if (body !== null) assert.equal(answer.body, body)
    assert.equal(answer.header('Content-Type'), type)
  })
}

test('negotiate takes the first entry of Accept that it knows, whatever its quality', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', output_encoding: 'negotiate', backend: [{ url_pattern: '/' }] }],
  })
  for (const [accept, type] of [
    [[], JSON_TYPE],
    [['*/*'], JSON_TYPE],
    [['application/json'], JSON_TYPE],
    [['application/xml'], XML_TYPE],
    [['text/plain'], YAML_TYPE],
    [['application/x-yaml'], YAML_TYPE],
    [['text/html'], JSON_TYPE],
    [['text/html, application/xml;q=0.1, application/json;q=0.9'], XML_TYPE],
    [['application/json;q=0.1,application/xml;q=0.9'], JSON_TYPE],
    [['*/*;q=0.1, application/xml'], JSON_TYPE],
    [['Application/XML'], XML_TYPE],
    [['text/html', 'application/xml'], XML_TYPE],
    [[''], JSON_TYPE],
  ] as const) {
    const { body, header } = await gateway.request('/x', accept.length > 0 ? { headers: { Accept: accept } } : {})
    assert.equal(header('Content-Type'), type, accept.join(' | '))
    assert.equal(body, type === XML_TYPE ? '<a>1</a>' : type === YAML_TYPE ? 'a: 1\n' : '{"a":1}')
  }
})
