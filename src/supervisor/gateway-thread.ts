import type { MessagePort } from 'node:worker_threads'
import { formatDiagnostic } from '../config/diagnostic.ts'
import type { buildGateway, Gateway } from '../gateway/build.ts'
import { explainBuildFailure } from '../gateway/check.ts'
import type { Address, Listener, listen, Served } from '../server/listen.ts'
import { connectCells } from '../shared/cells.ts'
import { COUNTERS_CELL, CounterRow, counterBytes } from '../shared/thread-counters.ts'
import { createLogger } from '../telemetry/logging.ts'
import { createLogOutbox } from './log-outbox.ts'
import type { FromThread, ThreadData, ToThread } from './messages.ts'
import { describeBind } from './probe-port.ts'

/** What a gateway thread is made of. */
export interface ThreadParts {
  readonly buildGateway: typeof buildGateway
  readonly listen: typeof listen
}

const BEAT_MS = 500

/** The life of a gateway thread: builds its gateway, listens when it may, and ends when it is told to. */
export async function runGatewayThread(data: ThreadData, supervisor: MessagePort, parts: ThreadParts): Promise<void> {
  const tell = (message: FromThread): void => supervisor.postMessage(message)
  const outbox = createLogOutbox((text) => tell({ type: 'log', text }))
  process.once('exit', () => outbox.flush())
  let writes = data.announces
  const log = createLogger(data.logging, (line) => {
    if (writes) outbox.add(line, true)
  })
  const counters = await openCounters(data)
  const gateway = await build()
  writes = true
  outbox.flush() // what it says about its plugins belongs before the line that it listens
  tell({ type: 'built' })
  const { address } = await received(supervisor, 'listen')
  const listener = await open(gateway, address)
  setInterval(() => counters.beat(listener.active), BEAT_MS).unref()
  tell({ type: 'ready' })
  await received(supervisor, 'stop')
  await stop(gateway, listener)
  end({ type: 'stopped' }, 0)

  async function build(): Promise<Gateway> {
    try {
      return await parts.buildGateway(data.config, { log, accessLog: (line) => outbox.add(line, false) })
    } catch (error) {
      const problems = await explainBuildFailure(error, data.config.file)
      return end({ type: 'failed', at: 'build', reason: problems.map(formatDiagnostic).join('\n') }, 1)
    }
  }

  async function open(gateway: Gateway, address: Address): Promise<Listener> {
    try {
      return await parts.listen(countRequests(gateway, counters), address, log)
    } catch (error) {
      return end({ type: 'failed', at: 'listen', reason: describeBind(error, address.port, address.host) }, 1)
    }
  }

  function end(message: FromThread, code: number): never {
    outbox.flush()
    tell(message)
    process.exit(code)
  }

  async function stop(gateway: Gateway, listener: Listener): Promise<void> {
    try {
      await listener.close()
      await gateway.close()
    } catch (error) {
      log.error(`[SERVICE: Supervisor] closing the gateway failed: ${messageOf(error)}`)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Waits for a message of that type; the supervisor sends each once, in order. */
function received<Type extends ToThread['type']>(
  supervisor: MessagePort,
  type: Type,
): Promise<Extract<ToThread, { readonly type: Type }>> {
  return new Promise((resolve) => {
    const take = (message: ToThread): void => {
      if (message.type !== type) return
      supervisor.off('message', take)
      resolve(message as Extract<ToThread, { readonly type: Type }>)
    }
    supervisor.on('message', take)
  })
}

async function openCounters({ cells, index, threads, generation }: ThreadData): Promise<CounterRow> {
  const row = new CounterRow(await connectCells(cells).open(COUNTERS_CELL, counterBytes(threads)), index)
  row.setGeneration(generation)
  row.beat(0)
  return row
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
