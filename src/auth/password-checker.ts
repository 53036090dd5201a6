import { Worker } from 'node:worker_threads'
import type { Clock } from '../pipes/clock.ts'
import { entryBeside } from '../shared/entry-beside.ts'
import type { PasswordAnswer, PasswordQuestion } from './password-thread.ts'

/** Checks passwords against bcrypt hashes, in a thread of its own that is there while it is needed. */
export interface PasswordChecker {
  /**
   * Whether the password is the right one.
   * @throws TooManyChecks when so many are waiting that this one would take too long
   * @throws Error when the thread has ended, or the checker has been closed
   */
  check(password: string, hash: string): Promise<boolean>
  close(): Promise<void>
}

/** Passwords come faster than they can be checked. */
export class TooManyChecks extends Error {
  override name = 'TooManyChecks'

  constructor() {
    super('too many passwords are waiting to be checked')
  }
}

/** Each takes 50 to 300 ms with the usual costs. */
const MAX_WAITING = 32
const IDLE_MS = 60_000
const HEAP_MB = 32

const ENTRY = entryBeside(import.meta.url, './password-thread.ts')

/** Starts no thread before the first password is to be checked. */
export function createPasswordChecker(clock: Clock): PasswordChecker {
  const waiting = new Map<number, PromiseWithResolvers<boolean>>()
  let worker: Worker | null = null
  let stopIdling = (): void => {}
  let nextId = 0
  let closed = false

  function dismiss(): Promise<unknown> {
    const old = worker
    worker = null
    return old === null ? Promise.resolve() : old.terminate()
  }

  function start(): Worker {
    const started = new Worker(ENTRY, {
      name: 'passwords',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    })
    started.on('message', ({ id, right }: PasswordAnswer) => {
      waiting.get(id)?.resolve(right)
      waiting.delete(id)
      if (waiting.size === 0) idle()
    })
    started.on('error', failAll)
    started.on('exit', () => {
      if (worker === started) worker = null
      failAll(new Error('the thread that checks passwords has ended'))
    })
    started.unref() // last: a listener for messages takes that back
    return started
  }

  function failAll(error: unknown): void {
    for (const asked of waiting.values()) asked.reject(error as Error)
    waiting.clear()
  }

  function idle(): void {
    worker?.unref()
    stopIdling()
    stopIdling = clock.schedule(() => void dismiss(), IDLE_MS)
  }

  return {
    check(password, hash) {
      if (closed) return Promise.reject(new Error('the gateway has been closed'))
      if (waiting.size >= MAX_WAITING) return Promise.reject(new TooManyChecks())
      stopIdling()
      worker ??= start()
      worker.ref()
      const id = nextId++
      const asked = Promise.withResolvers<boolean>()
      waiting.set(id, asked)
      worker.postMessage({ id, password, hash } satisfies PasswordQuestion)
      return asked.promise
    },
    async close() {
      closed = true
      stopIdling()
      await dismiss()
    },
  }
}
