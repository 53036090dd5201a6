// Stands in for Elasticsearch, to try the plugin with: it shows the search, and finds the same two products.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

const PORT = 9200
const HITS = [
  { _index: 'products', _id: '1', _score: 1.2, _source: { name: 'Squid ink', brand: 'Loligo', price: 12.5 } },
  { _index: 'products', _id: '2', _score: 0.7, _source: { name: 'Fountain pen', brand: 'Sepia', price: 39 } },
]

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  console.log(`${request.method} ${request.url} ${await text(request)}`)
  const hits = { total: { value: HITS.length, relation: 'eq' }, max_score: 1.2, hits: HITS }
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ took: 1, timed_out: false, _shards: { total: 1, successful: 1, failed: 0 }, hits }))
}

createServer((request, response) => void answer(request, response)).listen(PORT)
console.log(`http://localhost:${PORT}`)
