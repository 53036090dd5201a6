import { setTimeout as delay } from 'node:timers/promises'
import type { MessagePort } from 'node:worker_threads'
import { formatDiagnostic } from '../config/diagnostic.ts'
import type { BuildOptions, buildGateway, Gateway } from '../gateway/build.ts'
import { explainBuildFailure } from '../gateway/check.ts'
import type { Guests } from '../plugins/runtimes/go/guests.ts'
import { connectGuests } from '../plugins/runtimes/go/guests-port.ts'
import { countUnaccepted } from '../server/accept-queue.ts'
import type { Address, Listener, listen, Served } from '../server/listen.ts'
import { connectCells, type ThreadCells } from '../shared/cells.ts'
import { RunningCode } from '../shared/running-code.ts'
import { connectStore, type SharedStore } from '../shared/shared-store.ts'
import { alone } from '../shared/surroundings.ts'
import { COUNTERS_CELL, CounterRow, counterBytes, rowsFor } from '../shared/thread-counters.ts'
import { createTrialStore } from '../shared/trial-store.ts'
import { createLogger } from '../telemetry/logging.ts'
import { createLogOutbox, type LogOutbox } from './log-outbox.ts'
import type { Blueprint, FromThread, ThreadData, ToThread } from './messages.ts'
import { describeBind } from './probe-port.ts'
import { runningSlots, startPulse } from './pulse.ts'
import { type BuiltGateway, createGenerations, type Generations } from './thread-generations.ts'
import { guardThread } from './thread-guards.ts'

/** What a gateway thread is made of. */
export interface ThreadParts {
  readonly buildGateway: typeof buildGateway
  readonly listen: typeof listen
}

/** What all steps of a thread's life use. */
interface Thread {
  readonly data: ThreadData
  readonly supervisor: MessagePort
  readonly parts: ThreadParts
  readonly outbox: LogOutbox
  readonly cells: ThreadCells
  readonly store: SharedStore
  readonly guests: Guests
  /** Null for a trial. */
  readonly counters: CounterRow | null
  readonly running: RunningCode
  readonly tell: (message: FromThread) => void
}

const BEAT_MS = 500
/** How long clients may go on using connections to a thread that leaves while others listen, in milliseconds. */
const LINGER_MS = 3000
/** The same when the whole process ends: what is on its way has arrived by then. */
const LAST_MS = 500
const UNREFERENCED = { ref: false }
/** How often a thread that leaves looks for connections that it has not accepted yet. */
const MOST_ROUNDS = 10

/**
 * The life of a gateway thread: builds its gateway, listens when it may, builds others beside and changes over to them,
 * and ends when it is told to. A thread without a row in the counters is a trial: it builds, closes and ends.
 */
export async function runGatewayThread(data: ThreadData, supervisor: MessagePort, parts: ThreadParts): Promise<void> {
  const tell = (message: FromThread): void => supervisor.postMessage(message)
  const outbox = createLogOutbox((text) => tell({ type: 'log', text }))
  process.once('exit', () => outbox.flush())
  const running = new RunningCode(runningSlots(data.pulse), (entry) => tell({ type: 'code', entry }))
  startPulse(data.pulse, data.beatMs)
  guardThread({
    running,
    log: createLogger(data.blueprint.logging, (line) => outbox.add(line, true)).tagged('[SERVICE: Supervisor]'),
    dying: (reason) => tell({ type: 'dying', reason }),
  })
  const cells = connectCells(data.cells)
  const counters = await openCounters(data, cells)
  const store = connectStore(data.store)
  const guests = connectGuests(data.guests)
  const thread: Thread = { data, supervisor, parts, outbox, cells, store, guests, counters, running, tell }
  const first = await buildFirst(thread)
  if (counters === null) {
    await first.gateway.close()
    end(thread, { type: 'stopped' }, 0)
  }
  const { address } = await received(supervisor, 'listen')
  await serve(thread, first, await open(thread, first, address), counters)
}

/** Serves until it is told to stop. */
async function serve(thread: Thread, first: BuiltGateway, listener: Listener, counters: CounterRow): Promise<void> {
  const { supervisor, tell } = thread
  const generations = createGenerations({
    first,
    listener,
    counters,
    tell,
    build: (blueprint) => build(thread, blueprint, false),
    explain,
  })
  setInterval(() => counters.beat(listener.active), BEAT_MS).unref()
  const stopped = received(supervisor, 'stop')
  obey(supervisor, generations, listener)
  tell({ type: 'ready' })
  const { countsLost } = await stopped
  const waiting = await acceptWaiting(listener)
  const lost = countsLost ? waiting : null
  // A client may have just sent a request on a connection that is idle here: it gets its answer, and is told to close.
  const hurry = Promise.race([
    delay(countsLost ? LINGER_MS : LAST_MS, null, UNREFERENCED),
    received(supervisor, 'stop'),
  ])
  const closed = listener.close(hurry)
  tell({ type: 'draining', lost })
  await closed
  await generations.close()
  end(thread, { type: 'stopped' }, 0)
}

/**
 * Lets the listener accept until nobody waits, or others come faster than that; resolves to how many wait then. To be
 * followed by its close at once: whoever comes in between is lost and not counted.
 */
async function acceptWaiting(listener: Listener): Promise<number | null> {
  for (let round = 1; ; round++) {
    await new Promise(setImmediate) // once around the event loop, which accepts what has come until now
    const waiting = countUnaccepted(listener)
    if (waiting === null || waiting === 0 || round === MOST_ROUNDS) return waiting
  }
}

function obey(supervisor: MessagePort, generations: Generations, listener: Listener): void {
  supervisor.on('message', (message: ToThread) => {
    if (message.type === 'build') void generations.build(message.blueprint)
    else if (message.type === 'leave') listener.leave()
    else if (message.type === 'swap') generations.swap(message.generation)
    else if (message.type === 'discard') generations.discard(message.generation)
  })
}

async function buildFirst(thread: Thread): Promise<BuiltGateway> {
  const { data, outbox, tell } = thread
  try {
    const first = await build(thread, data.blueprint, data.announces)
    outbox.flush() // what it says about its plugins belongs before the line that it listens
    const { generation, gateway } = first
    tell({ type: 'built', generation, codeFingerprint: gateway.codeFingerprint ?? null })
    return first
  } catch (error) {
    const reason = await explain(error, data.blueprint)
    return end(thread, { type: 'failed', at: 'build', reason }, 1)
  }
}

/** @param announces whether what is logged meanwhile is written; what its plugins log later is, but for a trial */
async function build(thread: Thread, blueprint: Blueprint, announces: boolean): Promise<BuiltGateway> {
  const { data, outbox, counters, parts } = thread
  const { generation, config, logging } = blueprint
  let writes = announces
  const log = createLogger(logging, (line) => {
    if (writes) outbox.add(line, true)
  })
  const gateway = await parts.buildGateway(config, {
    log,
    accessLog: (line) => outbox.add(line, false),
    ...surroundingsOf(thread, generation),
    generation,
    running: thread.running,
    guests: thread.guests,
  })
  writes = data.row !== null
  return { generation, gateway, served: counters === null ? gateway : countRequests(gateway, counters), log }
}

/** What a trial writes, no other thread sees: it may be refused, and serves nobody. What plugins have kept it can read. */
function surroundingsOf(
  { data: { row, ...data }, cells, store }: Thread,
  generation: number,
): Pick<BuildOptions, 'cells' | 'store' | 'thread'> {
  if (row === null) return { ...alone(data), store: createTrialStore(store) }
  const thread = { index: data.index, threads: data.threads, row, rows: rowsFor(data.threads) }
  return { cells: cells.ofGeneration(generation), store, thread }
}

async function explain(error: unknown, { config }: Blueprint): Promise<string> {
  const problems = await explainBuildFailure(error, config.file)
  return problems.map(formatDiagnostic).join('\n')
}

async function openCounters({ row, threads, blueprint }: ThreadData, cells: ThreadCells): Promise<CounterRow | null> {
  if (row === null) return null
  const counters = new CounterRow(await cells.open(COUNTERS_CELL, counterBytes(rowsFor(threads))), row)
  counters.setGeneration(blueprint.generation)
  counters.beat(0)
  return counters
}

async function open(thread: Thread, { served, log }: BuiltGateway, address: Address): Promise<Listener> {
  try {
    return await thread.parts.listen(served, address, log)
  } catch (error) {
    return end(thread, { type: 'failed', at: 'listen', reason: describeBind(error, address.port, address.host) }, 1)
  }
}

function end({ outbox, tell }: Thread, message: FromThread, code: number): never {
  outbox.flush()
  tell(message)
  process.exit(code)
}

/** Waits for a message of that type; the supervisor sends each of these once. */
function received<Type extends 'listen' | 'stop'>(
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

function countRequests(gateway: Gateway, counters: CounterRow): Served {
  return {
    config: gateway.config,
    tls: gateway.tls,
    limits: gateway.limits,
    begin: () => gateway.begin(),
    handle: (request, context) => {
      counters.countRequest()
      return gateway.handle(request, context)
    },
  }
}
