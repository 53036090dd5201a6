import { inspect } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { Address } from '../server/listen.ts'
import type { CellRegistry } from '../shared/cells.ts'
import type { FromThread, ThreadData, ToThread } from './messages.ts'

/** A gateway thread as the supervisor sees it. */
export interface GatewayWorker {
  /** Resolves when its gateway is built; rejects with WorkerEnded when the thread ends before. */
  readonly built: Promise<void>
  /** Resolves when it serves; rejects with WorkerEnded when the thread ends before. */
  readonly ready: Promise<void>
  /** Resolves when the thread is gone, with the reason. */
  readonly ended: Promise<WorkerEnd>
  /** The moment it was started (`performance.now()`). */
  readonly startedAt: number
  /** Lets it serve, once it is built. */
  listen(address: Address): void
  /** Lets it finish the requests under way; one that does not listen yet ends at once. */
  stop(): void
  /** Ends it at once. */
  terminate(): void
}

/** Why a thread is gone. */
export interface WorkerEnd {
  readonly reason: string
  /** What it could not do, as it said by itself; null when it ended otherwise. */
  readonly failedAt: 'build' | 'listen' | null
}

/** The thread ended before it listened. */
export class WorkerEnded extends Error {
  readonly end: WorkerEnd

  constructor(end: WorkerEnd) {
    super(end.reason)
    this.name = 'WorkerEnded'
    this.end = end
  }
}

export interface WorkerOptions {
  readonly entry: URL
  readonly data: Omit<ThreadData, 'cells'>
  readonly cells: CellRegistry
  readonly heapLimitMb: number
  /** Takes whole log lines. */
  readonly write: (text: string) => void
}

/**
 * Three semi-spaces of 16 MiB. Node gives a thread at its limit 16 MiB more to end in; a larger semi-space can move more
 * than that at once, and then V8 ends the whole process instead of the thread (seen with 32 MiB).
 */
const YOUNG_MB = 48

/** Starts a gateway thread. */
export function startWorker({ entry, data, cells, heapLimitMb, write }: WorkerOptions): GatewayWorker {
  const { port1, port2 } = new MessageChannel()
  cells.serve(port1)
  const worker = new Worker(entry, {
    name: `gateway-${data.index}`,
    workerData: { ...data, cells: port2 } satisfies ThreadData,
    transferList: [port2],
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, maxYoungGenerationSizeMb: YOUNG_MB },
  })
  const built = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<WorkerEnd>()
  let serves = false
  let failure: Extract<FromThread, { readonly type: 'failed' }> | null = null
  let fatal: unknown = null
  // What a plugin prints with console.log takes the same way as the log, so that it tears no line.
  worker.stdout.setEncoding('utf8').on('data', write)
  worker.on('message', (message: FromThread) => {
    if (message.type === 'log') write(message.text)
    else if (message.type === 'failed') failure = message
    else if (message.type === 'built') built.resolve()
    else if (message.type === 'ready') {
      serves = true
      ready.resolve()
    }
  })
  worker.on('error', (error: unknown) => {
    fatal = error ?? 'an empty exception'
  })
  worker.on('exit', (code) => {
    port1.close()
    const reason = failure?.reason ?? describeEnd(fatal, code, heapLimitMb)
    const end = { reason, failedAt: failure?.at ?? null }
    built.reject(new WorkerEnded(end))
    ready.reject(new WorkerEnded(end))
    ended.resolve(end)
  })
  // Whoever is interested waits for one of them; `ended` tells of it in any case.
  built.promise.catch(() => {})
  ready.promise.catch(() => {})
  return {
    built: built.promise,
    ready: ready.promise,
    ended: ended.promise,
    startedAt: performance.now(),
    listen(address) {
      worker.postMessage({ type: 'listen', address } satisfies ToThread)
    },
    stop() {
      if (serves) worker.postMessage({ type: 'stop' } satisfies ToThread)
      else void worker.terminate()
    },
    terminate() {
      void worker.terminate()
    },
  }
}

function describeEnd(fatal: unknown, code: number, heapLimitMb: number): string {
  if (fatal === null) return `it called process.exit(${code})`
  if (!(fatal instanceof Error)) return `nobody caught ${inspect(fatal)}`
  if ('code' in fatal && fatal.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `its heap reached the limit of ${heapLimitMb} MB`
  }
  return `nobody caught ${fatal.stack ?? fatal.message}`
}
