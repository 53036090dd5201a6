import { MessageChannel, Worker } from 'node:worker_threads'
import type { CellRegistry } from '../shared/cells.ts'
import type { FromThread, ThreadData, ToThread } from './messages.ts'

/** A gateway thread as the supervisor sees it. */
export interface GatewayWorker {
  /** Resolves when the thread listens; rejects with WorkerEnded when it ends before. */
  readonly ready: Promise<void>
  /** Resolves when the thread is gone, with the reason. */
  readonly ended: Promise<WorkerEnd>
  /** The moment it was started (`performance.now()`). */
  readonly startedAt: number
  /** Lets it finish the requests under way; one that does not listen yet ends at once. */
  stop(): void
  /** Ends it at once. */
  terminate(): void
}

/** Why a thread is gone. */
export interface WorkerEnd {
  readonly reason: string
  /** It said by itself why its gateway could not be built or cannot listen. */
  readonly failed: boolean
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

/** Starts a gateway thread. */
export function startWorker({ entry, data, cells, heapLimitMb, write }: WorkerOptions): GatewayWorker {
  const { port1, port2 } = new MessageChannel()
  cells.serve(port1)
  const worker = new Worker(entry, {
    name: `gateway-${data.index}`,
    workerData: { ...data, cells: port2 } satisfies ThreadData,
    transferList: [port2],
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
  })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<WorkerEnd>()
  let listens = false
  let failure: string | null = null
  let fatal: unknown = null
  // What a plugin prints with console.log takes the same way as the log, so that it tears no line.
  worker.stdout.setEncoding('utf8').on('data', write)
  worker.on('message', (message: FromThread) => {
    if (message.type === 'log') write(message.text)
    else if (message.type === 'failed') failure = message.reason
    else if (message.type === 'ready') {
      listens = true
      ready.resolve()
    }
  })
  worker.on('error', (error: unknown) => {
    fatal = error ?? 'an empty exception'
  })
  worker.on('exit', (code) => {
    port1.close()
    const end = { reason: failure ?? describeEnd(fatal, code, heapLimitMb), failed: failure !== null }
    ready.reject(new WorkerEnded(end))
    ended.resolve(end)
  })
  ready.promise.catch(() => {})
  return {
    ready: ready.promise,
    ended: ended.promise,
    startedAt: performance.now(),
    stop() {
      if (listens) worker.postMessage({ type: 'stop' } satisfies ToThread)
      else void worker.terminate()
    },
    terminate() {
      void worker.terminate()
    },
  }
}

function describeEnd(fatal: unknown, code: number, heapLimitMb: number): string {
  if (fatal === null) return `it called process.exit(${code})`
  if (!(fatal instanceof Error)) return `nobody caught ${String(fatal)}`
  if ('code' in fatal && fatal.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `its heap reached the limit of ${heapLimitMb} MB`
  }
  return `nobody caught ${fatal.stack ?? fatal.message}`
}
