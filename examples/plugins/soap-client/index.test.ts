import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigError, createTestGateway, type Reply } from 'loligo/testing'
import { soapClient } from './index.ts'
import { readXml, XmlError } from './soap/xml.ts'

const SERVICE = 'http://soap.test'
const OPTIONS = {
  ...{ operation: 'Book', namespace: 'urn:travel?a&b', soap_action: 'urn:travel/Book' },
  parameters: {
    trip: 'params.trip',
    'guest.name': 'body.guest.name',
    'guest.age': 'body.guest.age',
    seat: 'body.seats',
    vip: 'body.vip',
    currency: 'query.currency',
    agent: 'header.X-Agent',
    version: '=2 & up',
  },
  required: ['guest.name'],
}

function configWith(options: object, endpoint: object = {}) {
  const block = { ...OPTIONS, ...options }
  return {
    host: [SERVICE],
    endpoints: [
      {
        ...{ endpoint: '/trips/{trip}', method: 'POST', input_headers: ['X-Agent', 'Content-Type'] },
        ...{ input_query_strings: ['currency', 'debug'], ...endpoint },
        backend: [
          {
            url_pattern: '/travel.asmx',
            extra_config: { 'plugin/http-client': { name: 'soap-client', 'soap-client': block } },
          },
        ],
      },
    ],
  }
}

const xmlType = { 'Content-Type': 'text/xml; charset=utf-8' }
const envelope = (body: string): string =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`
const soap = (body: string, status = 200) => ({ status, headers: xmlType, body: envelope(body) })

const open = (t: TestContext, reply: Reply = soap('<BookResponse/>'), options: object = {}, endpoint: object = {}) =>
  createTestGateway({
    ...{ t, plugins: [soapClient], config: configWith(options, endpoint), upstreams: { [SERVICE]: reply } },
  })

const BOOKING = { guest: { name: 'Ada', age: 36 } }

/** What a client gets for what the service answers. */
async function answerTo(t: TestContext, reply: Reply, options: object = {}): Promise<[number, unknown]> {
  const gateway = await open(t, reply, options)
  const answer = await gateway.fetch('/trips/7', { json: BOOKING })
  return [answer.status, await answer.json()]
}

test('JSON becomes an envelope, whose parameters come from wherever they are', async (t) => {
  const gateway = await open(t)
  const body =
    '{"guest":{"age":12345678901234567890.10,"name":"<Ada> & \\"Bob\\"\\r"},"seats":["1A",2,null],"vip":true}'
  const headers = { 'X-Agent': 'web', 'Content-Type': 'application/json' }
  assert.equal((await gateway.fetch('/trips/a%20%26?currency=EUR&debug=1', { body, headers })).status, 200)
  const [call] = gateway.calls()
  assert.equal(
    call?.body,
    '<?xml version="1.0" encoding="utf-8"?>\n' +
      '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' +
      '<Book xmlns="urn:travel?a&amp;b"><trip>a &amp;</trip>' +
      '<guest><name>&lt;Ada&gt; &amp; &quot;Bob&quot;&#13;</name><age>12345678901234567890.10</age></guest>' +
      '<seat>1A</seat><seat>2</seat><vip>true</vip><currency>EUR</currency><agent>web</agent>' +
      '<version>2 &amp; up</version></Book></soap:Body></soap:Envelope>',
  )
  assert.equal(call.method, 'POST')
  assert.equal(call.url, `${SERVICE}/travel.asmx?debug=1`, 'what became a parameter is no query string any more')
  assert.equal(call.headers.get('SOAPAction'), '"urn:travel/Book"')
  assert.deepEqual(call.headers.getAll('Content-Type'), ['text/xml; charset=utf-8'])
})

test('what has no value is left out; the operation may be qualified alone', async (t) => {
  const gateway = await open(t, soap('<r/>'), { qualified: false, required: [] }, { method: 'GET' })
  await gateway.fetch('/trips/7')
  const [, body] = /<soap:Body>(.*)<\/soap:Body>/.exec(gateway.calls()[0]?.body ?? '') ?? []
  assert.equal(body, '<op:Book xmlns:op="urn:travel?a&amp;b"><trip>7</trip><version>2 &amp; up</version></op:Book>')
})

test('a request that cannot be asked is refused, and nothing is asked', async (t) => {
  const gateway = await open(t)
  for (const [body, message] of [
    ['{', 'the body is no JSON'],
    ['[]', 'missing: guest.name'],
    ['{"guest":{"name":null}}', 'missing: guest.name'],
    ['{"guest":{"name":{"first":"Ada"}}}', 'guest.name must be a text, a number, a boolean or a list of these'],
    ['{"guest":{"name":[["Ada"]]}}', 'guest.name must be a text, a number, a boolean or a list of these'],
    ['{"guest":{"name":"\\u0000"}}', 'guest.name has a character that cannot be sent'],
    ['{"guest":{"name":"\\ud800"}}', 'guest.name has a character that cannot be sent'],
    ['['.repeat(100_000), 'the body is no JSON'],
  ] as const) {
    const answer = await gateway.fetch('/trips/7', { body })
    assert.equal(answer.status, 400)
    assert.deepEqual(await answer.json(), { error: message })
  }
  assert.equal(gateway.calls().length, 0)
})

test('elements become members, attributes have a dash, repeated elements are lists', async (t) => {
  const xml =
    '<t:BookResponse xmlns:t="urn:travel" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="t:X" id="7">' +
    "<!-- paid --><t:seat>1A</t:seat><t:seat row='2'>  B </t:seat><note><![CDATA[<b> & ]]>&amp;&#x41;&#66;</note>" +
    '<car i:nil="true"/><hotel i:nil="false"/><__proto__>x</__proto__><one>1</one></t:BookResponse>'
  const [status, data] = await answerTo(t, soap(xml), { lists: ['one'] })
  assert.equal(status, 200)
  assert.deepEqual(
    data,
    JSON.parse(
      '{"BookResponse":{"-id":"7","seat":["1A",{"-row":"2","#text":"B"}],"note":"<b> & &AB","car":null,"hotel":"","__proto__":"x","one":["1"]}}',
    ),
  )
})

test('other charsets are read, by the header or by the prolog', async (t) => {
  const latin1 = (declaration: string) =>
    Buffer.from(`<?xml version="1.0"${declaration}?>${envelope('<n>über</n>').slice(21)}`, 'latin1')
  const byHeader = { headers: { 'Content-Type': 'text/xml; charset="ISO-8859-1"' }, body: latin1('') }
  const byProlog = { headers: { 'Content-Type': 'text/xml' }, body: latin1(' encoding="iso-8859-1"') }
  for (const reply of [byHeader, byProlog]) assert.deepEqual(await answerTo(t, reply), [200, { n: 'über' }])
  const wrong = { headers: { 'Content-Type': 'text/xml' }, body: latin1('') }
  assert.deepEqual(await answerTo(t, wrong), [502, { error: 'the answer of the SOAP service is not in utf-8' }])
})

test('a fault is an error: the client is at fault, or the service', async (t) => {
  const fault = (code: string) =>
    soap(
      `<s:Fault><faultcode>${code}</faultcode><faultstring>full</faultstring><detail><stack>secret</stack></detail></s:Fault>`,
      500,
    )
  const body = { error: 'SOAP fault', message: 'full' }
  assert.deepEqual(await answerTo(t, fault('s:Client')), [400, { ...body, code: 'Client' }])
  assert.deepEqual(await answerTo(t, fault('s:Client.Seats')), [400, { ...body, code: 'Client.Seats' }])
  assert.deepEqual(await answerTo(t, fault('s:Server')), [502, { ...body, code: 'Server' }])
  assert.deepEqual(await answerTo(t, { ...fault('Clientele'), status: 200 }), [502, { ...body, code: 'Clientele' }])
})

test('what is no answer is told as such', async (t) => {
  for (const [reply, error] of [
    [{ status: 503, body: 'busy' }, 'the SOAP service answered with status 503 and no XML'],
    [soap('<r/>', 500), 'the SOAP service answered with status 500'],
    [{ headers: xmlType, body: '<html/>' }, 'the SOAP service did not answer with an envelope'],
    [
      { headers: xmlType, body: envelope('<a></b>') },
      'the answer of the SOAP service cannot be read: <a> is not closed properly',
    ],
    [{ headers: xmlType, body: envelope('x'.repeat(2048)) }, 'the answer of the SOAP service has more than 2000 bytes'],
  ] as const) {
    assert.deepEqual(await answerTo(t, reply, { max_bytes: 2000 }), [502, { error }])
  }
  const gateway = await open(t, new Error('connection refused'))
  assert.equal((await gateway.fetch('/trips/7', { json: BOOKING })).status, 500)
})

test('an operation without an answer gives an empty object', async (t) => {
  assert.deepEqual(await answerTo(t, { status: 202 }), [200, {}])
})

test('XML that is not well-formed, too deep or dangerous is not read', () => {
  const bombs = '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
  for (const [xml, message] of [
    [bombs, /a DTD is not read/],
    ['<a>< b/></a>', /there is no name at "< b/],
    ['<a>&b;</a>', /unknown entity or character/],
    ['<a>&#0;</a>', /the character &#0; is not allowed/],
    ['<a>&#x110000;</a>', /unknown entity or character/],
    ['<a>\u0001</a>', /a character that XML does not allow/],
    ['<a>', /<a> is not closed/],
    ['<a></a></a>', /ends what has not begun/],
    ['<a/><b/>', /one root element/],
    ['', /one root element/],
    ['x<a/>', /text beside the root element/],
    ['<a b="1" b="2"/>', /has the attribute b twice/],
    ['<a b=1/>', /the tag <a> does not end/],
    ['<a b="<"/>', /the tag <a> does not end/],
    ['<a><!-- </a>', /a comment does not end/],
    ['<a><![CDATA[ </a>', /a CDATA section does not end/],
    [`${'<a>'.repeat(101)}${'</a>'.repeat(101)}`, /deeper than 100/],
    [`<a>${'<b/>'.repeat(100_000)}</a>`, /more than 100000 elements/],
  ] as const) {
    assert.throws(
      () => readXml(xml),
      (error) => error instanceof XmlError && message.test(error.message),
      xml.slice(0, 60),
    )
  }
  assert.equal(readXml('<?xml version="1.0"?>\r\n<!-- a --><a>1\r\n2</a>\n').text, '1\n2')
})

test('what cannot work stops the start', async () => {
  for (const [options, message] of [
    [{ operation: 'a b' }, /\.operation/],
    [{ parameters: { 'a.<b>': 'body.a' } }, /"a\.<b>" is no name of an element/],
    [{ parameters: { a: 'cookie.b' } }, /\.a/],
    [{ required: ['nobody'] }, /"required" names nobody/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [soapClient], config: configWith(options) }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const quote = '<GetQuoteResponse xmlns="urn:example:stock"><price currency="EUR">12.50</price></GetQuoteResponse>'
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8081': { 'POST /stock.asmx': soap(quote) } },
  })
  const answer = await gateway.fetch('/quotes/SQID?currency=EUR')
  assert.deepEqual(await answer.json(), { price: [{ '-currency': 'EUR', '#text': '12.50' }] })
  assert.match(gateway.calls()[0]?.body ?? '', /<symbol>SQID<\/symbol><currency>EUR<\/currency>/)
})
