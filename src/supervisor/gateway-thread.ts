import type { MessagePort } from 'node:worker_threads'
import type { buildGateway, Gateway } from '../gateway/build.ts'
import type { Listener, listen, Served } from '../server/listen.ts'
import { connectCells } from '../shared/cells.ts'
import { COUNTERS_CELL, CounterRow, counterBytes } from '../shared/thread-counters.ts'
import type { Level } from '../telemetry/logger.ts'
import { createLogger } from '../telemetry/logging.ts'
import { createLogOutbox } from './log-outbox.ts'
import type { FromThread, ThreadData, ToThread } from './messages.ts'

/** What a gateway thread is made of. */
export interface ThreadParts {
  readonly buildGateway: typeof buildGateway
  readonly listen: typeof listen
}

const BEAT_MS = 500

/**
 * The life of a gateway thread: builds its gateway, listens, and stops when it is told to. Resolves once it listens, or
 * has said why it cannot.
 */
export async function runGatewayThread(data: ThreadData, supervisor: MessagePort, parts: ThreadParts): Promise<void> {
  const tell = (message: FromThread): void => supervisor.postMessage(message)
  const outbox = createLogOutbox((text) => tell({ type: 'log', text }))
  process.once('exit', outbox.flush)
  let writes = data.announces
  const log = createLogger(data.logging, (line, level) => {
    if (writes) outbox.add(line, isUrgent(level))
  })
  const counters = await openCounters(data)
  try {
    const gateway = await parts.buildGateway(data.config, { log, accessLog: (line) => outbox.add(line, false) })
    const listener = await parts.listen(countRequests(gateway, counters), data.address, log)
    writes = true
    setInterval(() => counters.beat(listener.active), BEAT_MS).unref()
    supervisor.on('message', (message: ToThread) => {
      if (message.type === 'stop') void stop(gateway, listener).then(() => end({ type: 'stopped' }, 0))
    })
    tell({ type: 'ready', port: listener.port })
  } catch (error) {
    end({ type: 'failed', reason: error instanceof Error ? error.message : String(error) }, 1)
  }

  function end(message: FromThread, code: number): void {
    outbox.flush()
    tell(message)
    process.exit(code)
  }

  async function stop(gateway: Gateway, listener: Listener): Promise<void> {
    try {
      await listener.close()
      await gateway.close()
    } catch (error) {
      log.error(`[SERVICE: Supervisor] closing the gateway failed: ${error instanceof Error ? error.stack : error}`)
    }
  }
}

async function openCounters({ cells, index, threads, generation }: ThreadData): Promise<CounterRow> {
  const row = new CounterRow(await connectCells(cells).open(COUNTERS_CELL, counterBytes(threads)), index)
  row.setGeneration(generation)
  row.beat(0)
  return row
}

/** Errors are handed over at once, for the thread may die of them. */
function isUrgent(level: Level): boolean {
  return level === 'ERROR' || level === 'CRITICAL'
}

function countRequests(gateway: Gateway, counters: CounterRow): Served {
  return {
    config: gateway.config,
    handle: (request, context) => {
      counters.countRequest()
      return gateway.handle(request, context)
    },
  }
}
