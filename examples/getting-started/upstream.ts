import { createServer, type Server } from 'node:http'

/** What the demo upstream answers, by path. */
const ANSWERS: Record<string, unknown> = {
  '/users/ada': {
    id: 1,
    name: 'Ada Lovelace',
    email: 'ada@example.org',
    city: 'London',
    address: { street: '12 St James’s Square', city: 'London' },
    password_hash: 'never leaves the gateway',
  },
  '/stock': { data: { notebook: 3, ink: 14 }, generated: '2026-01-01' },
  '/token': { access_token: 'demo', token_type: 'bearer', expires_in: 3600 },
  '/weather?city=London': { sky: 'cloudy', celsius: 11 },
}

/** Written as text: these order numbers are beyond what a JavaScript number holds, and the gateway keeps each digit. */
const ORDERS =
  '[{"id":9007199254740993,"item":"notebook","total":12.5},{"id":9007199254740995,"item":"ink","total":3.2}]'

/** A small service for the examples to call, so that nothing else has to run. */
export function startUpstream(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const url = request.url ?? '/'
    if (url === '/files/report.csv') {
      response.writeHead(200, {
        'Content-Type': 'text/csv',
        'Content-Disposition': 'attachment; filename="report.csv"',
      })
      return response.end('month,orders\nJanuary,12\nFebruary,15\n')
    }
    if (url === '/users/ada/orders') {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      return response.end(ORDERS)
    }
    if (url === '/private/report') {
      const isKnown = request.headers.authorization === 'Bearer demo'
      response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' })
      return response.end(isKnown ? '{"orders":27}' : '{"error":"who are you?"}')
    }
    const answer = ANSWERS[url]
    response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error: 'not found' }))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
