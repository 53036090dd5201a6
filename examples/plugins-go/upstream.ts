import { createSign, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

const KEY_ID = 'demo'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A token that the keys at `/keys` verify. */
export function signToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'ES256', kid: KEY_ID })}.${part(claims)}`
  const signature = createSign('sha256').update(signed).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

interface Order {
  readonly id?: string
  readonly customer?: string
  readonly item?: string
}

type Answer = readonly [status: number, message: unknown]

const orders = new Map<string, Order>([['1', { id: '1', customer: 'ada', item: 'notebook' }]])

/** Procedures of the service `shop.Orders`. */
const PROCEDURES: Readonly<Record<string, (message: Order) => Answer>> = {
  'shop.Orders/List': ({ customer = '' }) => [
    200,
    { orders: [...orders.values()].filter((order) => customer === '' || order.customer === customer) },
  ],
  'shop.Orders/Get': ({ id = '' }) => {
    const order = orders.get(id)
    return order === undefined ? [404, { code: 'not_found', message: `there is no order ${id}` }] : [200, order]
  },
  'shop.Orders/Create': ({ customer, item }) => {
    if (!customer || !item) return [400, { code: 'invalid_argument', message: 'customer and item are required' }]
    const order = { id: String(orders.size + 1), customer, item }
    orders.set(order.id, order)
    return [200, order]
  },
  'shop.Orders/Cancel': ({ id = '' }) =>
    orders.delete(id) ? [200, {}] : [404, { code: 'not_found', message: 'gone' }],
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const { method = '', url = '', headers } = request
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  if (url.startsWith('/rpc/')) {
    const procedure = PROCEDURES[url.slice('/rpc/'.length)]
    return procedure === undefined
      ? [404, { code: 'unimplemented', message: 'no such procedure' }]
      : procedure(JSON.parse(Buffer.concat(chunks).toString()) as Order)
  }
  switch (url.replace(/\?.*$/, '')) {
    case '/users/ada':
      return [200, { name: 'Ada Lovelace', email: 'ada@example.org', password_hash: 'never leaves the gateway' }]
    case '/users/ada/orders':
      return [200, { count: 2, open: 1 }]
    case '/echo':
      return [200, { method, url, headers }]
    case '/keys':
      return [200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID }] }]
    case '/token':
      return [200, { token: signToken({ sub: 'ada', team: 'engines', exp: Math.floor(Date.now() / 1000) + 3600 }) }]
    default:
      return [404, { error: 'not found' }]
  }
}

/** The service behind the examples: users, orders by procedure calls, keys and tokens. */
export function startUpstream(port: number): Promise<Server> {
  const server = createServer((request, response: ServerResponse) => {
    answer(request).then(
      ([status, message]) => {
        response.writeHead(status, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify(message))
      },
      () => response.destroy(),
    )
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

if (import.meta.main) {
  await startUpstream(8081)
  process.stdout.write('the service behind the examples listens on http://127.0.0.1:8081\n')
}
