// node examples/embedding/main.ts: asks an embedded gateway once without a port and once through one.
import type { AddressInfo } from 'node:net'
import { startUpstream } from '../getting-started/upstream.ts'
import { ask, buildFor, serve } from './embedded.ts'
import { countAnswers } from './own-stage.ts'

const upstream = await startUpstream(0)
const counts = new Map<number, number>()
const gateway = await buildFor(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, [countAnswers(counts)])
console.log('without a port:', await ask(gateway, '/people/ada'))

const server = await serve(gateway, 0)
const answer = await fetch(`http://127.0.0.1:${server.port}/people/ada`, { headers: { Connection: 'close' } })
console.log('through a port:', { status: answer.status, data: await answer.json() })
console.log('answers by status:', Object.fromEntries(counts))

await server.close()
upstream.close()
upstream.closeAllConnections()
