import { inspect } from 'node:util'
import { Failure } from '../pipes/failure.ts'
import type { RunningCode } from '../shared/running-code.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface GuardOptions {
  readonly running: RunningCode
  readonly log: Logger
  /** Tells why the thread is about to end. */
  readonly dying: (reason: string) => void
}

/**
 * Keeps what plugins do outside of their hooks from ending the thread, or at least from ending it without their name.
 * To be called once, before any plugin is loaded; it changes the thread's globals.
 */
export function guardThread(options: GuardOptions): void {
  catchStrayErrors(options)
  guardExit(options)
  guardSignals()
  // Code that adds to them changes every object of the gateway: it throws there and then. Costs nothing measurable.
  Object.preventExtensions(Object.prototype)
  Object.preventExtensions(Array.prototype)
}

/** One of a plugin is logged, and the thread goes on; of any other nobody knows what it has left half done. */
function catchStrayErrors({ running, log, dying }: GuardOptions): void {
  const take = (error: unknown, what: string): void => {
    const culprit = running.blame(error instanceof Error ? error.stack : undefined)
    // The gateway's own failures belong to requests: that one is unhandled means that a plugin did not wait for it.
    if (culprit === null && !(error instanceof Failure)) {
      dying(`nobody caught ${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}`)
      process.exit(1)
    }
    if (culprit?.plugin != null) running.countStrayError(culprit.plugin)
    log.error(`${culprit?.text ?? 'a plugin'}: ${what} ${textOf(error)}; the thread goes on`)
  }
  process.on('uncaughtException', (error) => take(error, 'nobody caught'))
  process.on('unhandledRejection', (reason) => take(reason, 'nobody awaited a promise that failed:'))
}

/** `process.exit` ends the thread as ever, but its reason names the plugin. */
function guardExit({ running, dying }: GuardOptions): void {
  const exit = process.exit.bind(process)
  process.exit = (code) => {
    const culprit = running.blameCaller()
    if (culprit !== null) dying(`process.exit(${code ?? ''}) was called by ${culprit.text}`)
    return exit(code)
  }
}

/** What would end the whole process throws. */
function guardSignals(): void {
  const kill = process.kill.bind(process)
  process.kill = (pid, signal) => {
    if (signal !== 0 && meansThisProcess(pid)) refuse(`process.kill(${pid})`)
    return kill(pid, signal)
  }
  process.abort = () => refuse('process.abort()')
}

/** Negative numbers mean groups of processes; 0 is the own one, -1 is everything. */
function meansThisProcess(pid: number): boolean {
  return [process.pid, -process.pid, 0, -1].includes(pid)
}

function refuse(what: string): never {
  throw new Error(`${what} would end the gateway with all its threads, and is refused`)
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)
}
