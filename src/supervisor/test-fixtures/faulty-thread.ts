import { parentPort, threadId, workerData } from 'node:worker_threads'
import type { HttpRequest } from '../../pipes/http.ts'
import { HttpResponse } from '../../pipes/http.ts'
import { listen } from '../../server/listen.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { runGatewayThread } from '../gateway-thread.ts'

// A gateway thread whose gateway dies of what the path asks for.
if (parentPort === null) throw new Error('to be run as a thread')
await runGatewayThread(workerData, parentPort, {
  listen,
  async buildGateway(config, { log, accessLog }) {
    log.info(`built for ${threadId}`)
    const fault = config.extra['test/build']
    if (fault === 'throw') throw new Error('the plugin "auth" is not there')
    if (fault === 'exit') process.exit(7)
    return {
      config,
      handle: async (request) => {
        const response = await answer(request, log)
        accessLog?.(`[GIN] ${request.target}`)
        return response
      },
      close: async () => log.info(`closed ${threadId}`),
    }
  },
})

async function answer(request: HttpRequest, log: Logger): Promise<HttpResponse> {
  switch (request.path) {
    case '/exit':
      log.info('about to exit')
      return process.exit(3)
    case '/throw':
      setImmediate(() => {
        throw new Error('a plugin threw this')
      })
      return await new Promise<never>(() => {})
    case '/heap':
      return fillHeap()
    case '/print':
      console.log('printed by a plugin')
      return HttpResponse.json(threadId)
    case '/upload':
      log.info('upload began')
      return HttpResponse.json((await request.text()).length)
    default:
      return HttpResponse.json(threadId)
  }
}

function fillHeap(): never {
  const kept: unknown[] = []
  for (;;) kept.push(new Array(10_000).fill({}))
}
