import fc from 'fast-check'

const often = <T>(usual: T, odd: readonly T[]) =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) })

const lineEnd = fc.oneof(
  { weight: 150, arbitrary: fc.constant('\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\n\r', '\0\r\n', '') },
)
const method = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE') },
  { weight: 2, arbitrary: fc.constantFrom('HEAD', 'TRACE', 'CONNECT', 'OPTIONS', 'get', 'FOO', '', 'PRI', 'M-SEARCH') },
)
const target = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('/x', '/x', '/x?a=1&b=2', '/p/7', '/limited', '/none') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['*', '//x', '/p/..', '/p/%2e%2e/x', '/p/a%2Fb', '/p/%00', '/p/%zz', '/x#y', 'x', 'http://h/x', 'ftp://h/x'],
      ...['http://u@h/x', 'h:80', '/x y', '/\xe9', '/x\t', '/p/a%0d%0aX:1', '/p/%252e%252e', '?', '/x?%', ''],
    ),
  },
)
const version = often('HTTP/1.1', [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/11',
  '',
])
const host = often('Host: g', ['Host: h', 'Host:', 'Host: a b', 'Host: g/x', 'host: g\r\nHOST: h', 'Host : g', 'X: y'])
const extra = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...['X-A: 1', 'X-A:', 'Accept: */*', 'Cookie: a=1; b="2"', 'Content-Type: application/json', 'TE: trailers'],
      ...['Connection: keep-alive', 'Connection: Host, Content-Length', 'Connection: Upgrade', 'Upgrade: h2c'],
      ...['Expect: 100-continue', '__proto__: 1', 'X-Forwarded-For: 9.9.9.9', 'Content-Encoding: gzip', 'X-A: \xe9'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['Expect: more', ': 1', 'X A: 1', 'X-A', ' X: folded', 'X-A: a\x01', 'X-\xe9: 1', 'Connection: close'],
      `X: ${'a'.repeat(9000)}`,
    ),
  },
)
const text = fc.constantFrom(
  '',
  'a',
  'abc',
  '0123456789',
  '0123456789abcdef',
  'GET /p/hidden HTTP/1.1\r\nHost: g\r\n\r\n',
)

/** How a body is announced, and the body: mostly in agreement. */
const framed = text.chain((body) => {
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n`
  const whole = body === '' ? '0\r\n\r\n' : `${chunk}0\r\n\r\n`
  const length = `Content-Length: ${body.length}`
  const chunked = 'Transfer-Encoding: chunked'
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant([[], '']) },
    { weight: 4, arbitrary: fc.constant([[length], body]) },
    { weight: 4, arbitrary: fc.constant([[chunked], whole]) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        ...[
          [[length, chunked], whole],
          [[chunked, length], whole],
          [[length, length], body],
          [[chunked, chunked], whole],
        ],
        ...[
          [['Transfer-Encoding: gzip, chunked'], whole],
          [['Transfer-Encoding: identity'], body],
        ],
        ...[
          [['Transfer-Encoding: xchunked'], whole],
          [['Transfer-Encoding : chunked'], whole],
        ],
        ...[
          [[`Content-Length: +${body.length}`], body],
          [[`Content-Length: ${body.length}, ${body.length}`], body],
        ],
        ...[
          [[`Content-Length: 0${body.length}`], body],
          [[`Content-Length: ${body.length + 1}`], body],
        ],
        ...[
          [['Content-Length: 9007199254740993'], body],
          [['Content-Length: -1'], body],
          [['Content-Length:'], body],
        ],
        ...[
          [[chunked], `${chunk}0\r\nX-T: 1\r\n\r\n`],
          [[chunked], `${chunk}zz\r\n\r\n`],
          [[chunked], `${chunk}0\r\n`],
        ],
        ...[
          [[chunked], chunk.replaceAll('\r\n', '\n')],
          [[chunked], `${body.length.toString(16)};e=1\r\n${body}\r\n0\r\n\r\n`],
        ],
        ...[
          [[chunked], `fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`],
          [[chunked], `${chunk}0\r\nContent-Length: 5\r\n\r\n`],
        ],
      ),
    },
  ) as fc.Arbitrary<readonly [fields: readonly string[], body: string]>
})

const request = fc
  .record({ method, target, version, host, extras: fc.array(extra, { maxLength: 4 }), framed, lineEnd, last: lineEnd })
  .map((parts) => {
    const [framing, body] = parts.framed
    const fields = [parts.host, ...parts.extras, ...framing]
    const line = [parts.method, parts.target, parts.version].join(' ')
    return `${line}${parts.lineEnd}${fields.map((field) => `${field}\r\n`).join('')}${parts.last}${body}`
  })

/** A change at one place: a byte that goes, comes, or becomes another. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.constantFrom(0, 0, 1, 2),
  insert: fc.constantFrom('', '', ' ', '\r', '\n', '\r\n', '\0', ':', ',', '0', '\xff', '%', 'chunked', 'Host: h\r\n'),
})

/** What one connection sends: some requests, right and wrong, with or without a change, in some pieces. */
export const requestBytes = fc
  .record({
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    changes: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(change, { maxLength: 2 }) },
    ),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
  })
  .map(({ requests, changes, cuts }) => {
    let bytes = requests.join('')
    for (const { at, remove, insert } of changes) {
      const place = Math.floor(at * bytes.length)
      bytes = bytes.slice(0, place) + insert + bytes.slice(place + remove)
    }
    const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length]
    return places.slice(1).map((end, i) => bytes.slice(places[i], end))
  })
