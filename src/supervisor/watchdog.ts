import type { CodeTable } from '../shared/code-table.ts'
import { runningSite } from '../shared/running-code.ts'
import { type Scheduling, schedulingOf } from '../shared/scheduling.ts'
import { formatFrame, type StackFrame } from '../shared/stack-frames.ts'
import type { Logger } from '../telemetry/logger.ts'
import { examine, isDebugged } from './examine.ts'
import { beatsOf, runningSlots, systemThreadOf } from './pulse.ts'

/** A thread to be watched. */
export interface Watched {
  /** For log lines: `gateway thread 0`. */
  readonly name: string
  /** As `worker.threadId`. */
  readonly threadId: number
  readonly pulse: SharedArrayBuffer
  /** What it has told of its code. */
  readonly code: CodeTable
  /** Ends the thread at once, for this reason. */
  end(reason: string): void
}

export interface WatchdogOptions {
  /** How long a thread may stand still, in milliseconds; 0 watches nothing. */
  readonly limitMs: number
  readonly log: Logger
  /** What the system has done with a thread; asks Linux by default. */
  readonly schedulingOf?: (systemThread: number) => Scheduling | null
}

/** What a thread may stand still by default, in milliseconds. */
export const STANDSTILL_MS = 2000

/** A thread's beats are at most this far apart, in milliseconds, and so are the looks at them. */
const SLOWEST_BEAT_MS = 200

/** From this part of the limit on the system is asked what a thread waits for. */
const ASKING = 0.25

/** How many frames a log line has. */
const FRAMES = 5

/** What is known of a thread. */
interface Observation {
  beats: number
  /** How long it has stood still while it had the chance to go on, in milliseconds. */
  stillMs: number
  /** When it was last seen to beat, on the supervisor's clock. */
  since: number
  /** What the system said when it was asked first in this standstill, and last. */
  first: Scheduling | null
  last: Scheduling | null
  suspected: boolean
}

/**
 * Ends threads whose event loops stand still, one at a time, and says which plugin did it. Time counts only while the
 * supervisor itself was on time, and the thread was not waiting for a processor: a machine that was suspended, or has
 * more to do than it can, replaces nobody.
 */
export class Watchdog {
  /** How often a thread shall beat, in milliseconds; 0: it need not. */
  readonly beatMs: number
  readonly #options: WatchdogOptions
  readonly #schedulingOf: (systemThread: number) => Scheduling | null
  readonly #threads = new Map<Watched, Observation>()
  #timer: NodeJS.Timeout | null = null
  #lookedAt = 0
  #examining: Promise<void> = Promise.resolve()

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#schedulingOf = options.schedulingOf ?? schedulingOf
    this.beatMs = options.limitMs === 0 ? 0 : Math.max(1, Math.min(SLOWEST_BEAT_MS, options.limitMs / 4))
  }

  watch(thread: Watched): void {
    if (this.beatMs === 0) return
    this.#threads.set(thread, observe(0))
    if (this.#timer !== null) return
    this.#lookedAt = performance.now()
    this.#timer = setInterval(() => this.#look(), this.beatMs / 2).unref()
  }

  /** The thread is gone. */
  forget(thread: Watched): void {
    this.#threads.delete(thread)
    if (this.#threads.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #look(): void {
    const now = performance.now()
    // When this comes late the process was suspended, or the machine is too busy for anything: nobody could have beaten.
    const elapsed = Math.min(now - this.#lookedAt, this.beatMs)
    this.#lookedAt = now
    for (const [thread, observation] of this.#threads) {
      if (observation.suspected) continue
      this.#follow(thread, observation, elapsed)
      if (observation.stillMs < this.#options.limitMs) continue
      observation.suspected = true
      this.#examining = this.#examining.then(() => this.#judge(thread, observation))
    }
  }

  /** Adds the time since the last look, unless the thread has beaten meanwhile, or has not begun. */
  #follow(thread: Watched, observation: Observation, elapsedMs: number): void {
    const beats = beatsOf(thread.pulse)
    if (beats === 0) return
    if (beats !== observation.beats) {
      Object.assign(observation, observe(beats))
      return
    }
    observation.stillMs += elapsedMs
    if (observation.stillMs < this.#options.limitMs * ASKING) return
    const before = observation.last
    const now = this.#ask(thread)
    observation.last = now
    observation.first ??= now
    if (before !== null && now !== null) observation.stillMs -= Math.min(elapsedMs, now.waitedMs - before.waitedMs)
  }

  #ask({ pulse }: Watched): Scheduling | null {
    return this.#schedulingOf(systemThreadOf(pulse))
  }

  /** Whether it computed or waited for something, where the system tells. */
  #activity({ first, last, stillMs }: Observation): string {
    if (first === null || last === null || first === last) return ''
    const observedMs = stillMs - this.#options.limitMs * ASKING
    return last.ranMs - first.ranMs > observedMs / 4 ? ' (computing)' : ' (waiting)'
  }

  async #judge(thread: Watched, observation: Observation): Promise<void> {
    const { log } = this.#options
    try {
      if (!this.#threads.has(thread) || (await isDebugged())) return
      const frames = await examine(thread.threadId, () => this.#ask(thread)?.waitedMs ?? 0)
      const stoodFor = ((performance.now() - observation.since) / 1000).toFixed(1)
      const text = `stood still for ${stoodFor} s${this.#activity(observation)}${describe(thread, frames ?? [])}`
      if (!this.#threads.has(thread)) return
      if (beatsOf(thread.pulse) === observation.beats) thread.end(`it ${text}`)
      else log.warning(`[SERVICE: Supervisor] ${thread.name} ${text}; it goes on`)
    } catch (error) {
      log.error(`[SERVICE: Supervisor] ${thread.name} stands still, and could not be examined: ${String(error)}`)
      thread.end('it stood still')
    } finally {
      if (this.#threads.has(thread)) this.#threads.set(thread, observe(beatsOf(thread.pulse)))
    }
  }
}

function observe(beats: number): Observation {
  const since = performance.now()
  return { beats, stillMs: 0, since, first: null, last: null, suspected: false }
}

function describe(thread: Watched, frames: readonly StackFrame[]): string {
  const culprit = thread.code.blame(frames, runningSite(thread.code, runningSlots(thread.pulse)))
  if (culprit !== null) {
    const [, ...callers] = frames.filter(({ file }) => thread.code.isPluginCode(file))
    return ` in ${[culprit.text, ...namesOf(callers)].join(' < ')}`
  }
  const names = namesOf(frames.filter(({ file }) => file !== '' && !file.startsWith('node:')))
  return names.length === 0 ? ', and no plugin is known to have run' : ` in ${names.join(' < ')}, without a plugin`
}

function namesOf(frames: readonly StackFrame[]): readonly string[] {
  return frames.slice(0, FRAMES).map(formatFrame)
}
