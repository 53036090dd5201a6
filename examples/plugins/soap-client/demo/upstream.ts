// A SOAP service to try the plugin with: it knows the price of SQID, and that of nothing else.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

const PORT = 8081

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const envelope = await text(request)
  console.log(`${envelope}\n`)
  const known = envelope.includes('<symbol>SQID</symbol>')
  const body = known
    ? '<GetQuoteResponse xmlns="urn:example:stock"><symbol>SQID</symbol><price currency="EUR">12.50</price></GetQuoteResponse>'
    : '<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no such symbol</faultstring></soap:Fault>'
  response.writeHead(known ? 200 : 500, { 'Content-Type': 'text/xml; charset=utf-8' })
  response.end(
    `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`,
  )
}

createServer((request, response) => void answer(request, response)).listen(PORT)
console.log(`http://localhost:${PORT}`)
