/** The upstream of the soak tests: a process of its own, so that it is as quick at any time as at another. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const BODY = '{"a":1}'
const HEAD = { 'Content-Type': 'application/json', 'Content-Length': BODY.length }

const [keepAliveMs] = process.argv.slice(2)
const server = createServer((_, response) => void response.writeHead(200, HEAD).end(BODY))
server.keepAliveTimeout = Number(keepAliveMs)
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
