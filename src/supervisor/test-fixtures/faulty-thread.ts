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
  async buildGateway(config, { log, accessLog, cells, generation }) {
    log.info(`built for ${threadId}`)
    log.debug('built')
    const { 'test/build': fault, 'test/code': code, 'test/cell': cell } = config.extra
    if (cells === undefined || generation === undefined) throw new TypeError('a thread shares cells')
    if (typeof cell === 'string') Atomics.add(new Int32Array(await cells.open(cell, 4)), 0, 1)
    const builds = Atomics.add(new Int32Array(await cells.open(`builds ${generation}`, 4)), 0, 1)
    if (fault === 'throw') throw new Error('the plugin "auth" is not there')
    if (fault === 'exit') process.exit(7)
    if (fault === 'never') await new Promise(() => {})
    if (fault === 'hang') await forEver()
    if (fault === 'second exits' && builds === 1) process.exit(9)
    // A trial does not count, for it has cells of its own; of two threads the second fails.
    if (fault === 'exit beside' && builds === 1) process.exit(8)
    if (fault === 'throw beside' && builds === 1) throw new Error('one of two does not build')
    if (fault === 'hang beside' && builds === 1) await forEver()
    return {
      config,
      ...(typeof code === 'string' && { codeFingerprint: code }),
      handle: async (request) => {
        const response = request.path === '/generation' ? HttpResponse.json(generation) : await answer(request, log)
        accessLog?.(`[GIN] ${request.target}`)
        return response
      },
      plugins: () => [],
      metrics: () => [],
      tls: null,
      limits: { maxActive: 100, maxQueueMs: 100 },
      begin: () => {},
      close: async () => log.info(`closed ${generation} in ${threadId}`),
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

/** Something that might still come keeps the thread alive. */
function forEver(): Promise<never> {
  return new Promise(() => setInterval(() => {}, 1000))
}

function fillHeap(): never {
  const kept: unknown[] = []
  for (;;) kept.push(new Array(10_000).fill({}))
}
