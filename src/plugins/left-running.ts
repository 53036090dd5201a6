import { createHook } from 'node:async_hooks'
import type { CodeOrigin, RunningCode } from '../shared/running-code.ts'
import { formatFrame, parseStack, type StackFrame } from '../shared/stack-frames.ts'
import type { Logger } from '../telemetry/logger.ts'

/** What a factory has started and not ended. */
export interface LeftRunning {
  /** Names and ends what still runs; to be called when the instance is closed. */
  close(log: Logger): Promise<void>
}

/** A factory under way, or done. */
export interface FactoryRun extends CodeOrigin {
  readonly left: LeftRunning
}

/** Finds what factories leave running. */
export interface FactoryWatch {
  /** @param text names the factory, as `Culprit.text` does */
  begin(text: string): FactoryRun
  /** Nothing that is started later counts. */
  end(run: FactoryRun): void
}

/** What can be left, by the names that `node:async_hooks` has for it. */
const SORTS: Readonly<Record<string, string>> = {
  Timeout: 'a timer',
  TCPSERVERWRAP: 'a server',
  PIPESERVERWRAP: 'a server',
  TCPWRAP: 'a connection',
  PIPEWRAP: 'a connection',
  UDPWRAP: 'a UDP socket',
  FSEVENTWRAP: 'a file watcher',
  STATWATCHER: 'a file watcher',
  PROCESSWRAP: 'a child process',
}

/**
 * Pools keep connections and timers of their own, which must not be ended: all plugins, and the gateway, use the same.
 * The names are those of Node's agent and of undici, in Node (`fetch`) or as a package.
 */
const POOLS = /^node:(?:_http_agent|internal\/deps\/)|[\\/]undici[\\/]/

/** More than Node puts between a call and the hook. */
const STACK_DEPTH = 40

interface Started {
  readonly sort: string
  readonly resource: WeakRef<object>
  readonly at: StackFrame | null
}

/**
 * A hook that is told of all resources that begin, enabled as long as a factory runs. It keeps those that the factory's
 * own code has started, or, for servers, that began on its behalf.
 */
export function watchFactories(running: RunningCode): FactoryWatch {
  const started = new WeakMap<CodeOrigin, Started[]>()
  let under = 0
  const hook = createHook({
    trackPromises: false, // they are many, and V8 does not take its optimizations for them up again
    init(_id, type, _trigger, resource) {
      const sort = SORTS[type]
      const origin = sort === undefined ? undefined : running.origin
      const list = origin && started.get(origin)
      if (sort === undefined || list === undefined) return
      const at = startedAt(running)
      if (at !== null || type.includes('SERVER')) list.push({ sort, resource: new WeakRef(resource), at })
    },
  })
  return {
    begin(text) {
      const list: Started[] = []
      const run = { text, left: { close: (log: Logger) => closeLeft(text, list.splice(0), log) } }
      started.set(run, list)
      if (under++ === 0) hook.enable()
      return run
    },
    end() {
      if (--under === 0) hook.disable()
    },
  }
}

/** The line of the plugin that is starting something by itself; null when Node, a pool or the gateway does. */
function startedAt(running: RunningCode): StackFrame | null {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = STACK_DEPTH
  const frames = parseStack(new Error('here').stack)
  Error.stackTraceLimit = stackTraceLimit
  const foreign = frames.filter(({ file }) => file !== import.meta.filename)
  const caller = foreign.find(({ file }) => !file.startsWith('node:') || POOLS.test(file))
  return caller !== undefined && running.isPluginCode(caller.file) && !POOLS.test(caller.file) ? caller : null
}

async function closeLeft(text: string, list: readonly Started[], log: Logger): Promise<void> {
  if (list.length === 0) return
  // What has just been closed counts as gone when the event loop has been through its phase for that.
  for (const _turn of [1, 2]) await new Promise(setImmediate)
  const found: string[] = []
  for (const { sort, resource, at } of list) {
    const live = resource.deref()
    if (live === undefined || !isRunning(live)) continue
    found.push(at === null ? sort : `${sort} of ${formatFrame(at)}`)
    endRunning(live)
  }
  if (found.length === 0) return
  log.warning(`${text} left running when it was closed: ${found.join(', ')}; ended now: end it in tools.onClose`)
}

/** The parts of timers and handles that are looked at. */
interface Resource {
  readonly _destroyed?: boolean
  hasRef?(): boolean | null
  close?(): void
}

interface Owner {
  readonly listening?: boolean
  close?(): void
  closeAllConnections?(): void
  destroy?(): void
  kill?(): void
}

/** What lets the process end by itself is a pool's or a background connection, but for servers. A closed handle has no ref. */
function isRunning(resource: Resource): boolean {
  if (resource._destroyed !== undefined) return !resource._destroyed
  return resource.hasRef?.() === true || ownerOf(resource)?.listening === true
}

function endRunning(resource: Resource): void {
  const owner = ownerOf(resource)
  if (resource._destroyed !== undefined) clearTimeout(resource as unknown as NodeJS.Timeout)
  else if (owner?.kill !== undefined) owner.kill()
  else if (owner?.destroy !== undefined) owner.destroy()
  else if (owner?.close !== undefined) {
    owner.close()
    owner.closeAllConnections?.()
  } else resource.close?.()
}

/** The server, socket or watcher that a handle of Node belongs to. */
function ownerOf(handle: object): Owner | undefined {
  const symbol = Object.getOwnPropertySymbols(handle).find(({ description }) => description === 'owner_symbol')
  return symbol === undefined ? undefined : (Reflect.get(handle, symbol) as Owner | undefined)
}
