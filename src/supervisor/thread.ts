import { parentPort, workerData } from 'node:worker_threads'
import { buildGateway } from '../gateway/build.ts'
import { listen } from '../server/listen.ts'
import { runGatewayThread } from './gateway-thread.ts'

if (parentPort === null) throw new Error('this file is the body of a gateway thread: run bin/loligo.js')
await runGatewayThread(workerData, parentPort, { buildGateway, listen })
