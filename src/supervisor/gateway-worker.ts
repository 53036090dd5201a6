import type { Address } from '../server/listen.ts'
import type { Blueprint, ThreadPlan } from './messages.ts'

/** A gateway thread as the supervisor sees it. */
export interface GatewayWorker {
  readonly data: ThreadPlan
  /** Resolves when its first gateway is built; rejects with WorkerEnded when the thread ends before. */
  readonly built: Promise<void>
  /** Resolves when it serves; rejects with WorkerEnded when the thread ends before. */
  readonly ready: Promise<void>
  /**
   * Resolves when it accepts no more, to the number of connections that were lost by that (null: not known), and also
   * when it ends without that.
   */
  readonly draining: Promise<number | null>
  /** Resolves when the thread is gone, with the reason. */
  readonly ended: Promise<WorkerEnd>
  /** The moment it was started (`performance.now()`). */
  readonly startedAt: number
  /** How often it has imported other plugin code than before: what was imported is never freed. */
  readonly codeChanges: number
  /** Lets it serve, once it is built. */
  listen(address: Address): void
  /**
   * Lets it build another gateway beside the one that serves.
   * Rejects with BuildRefused when that is not possible, with WorkerEnded when the thread ends before.
   */
  build(blueprint: Blueprint): Promise<void>
  /** Lets the gateway that was built beside serve; resolves when it does, or the thread has ended. */
  swap(generation: number): Promise<void>
  /** Lets it close what it has built beside, or is building. */
  discard(generation: number): void
  /**
   * Lets it finish the requests under way; one that does not listen yet ends at once.
   * @param countsLost whether `draining` tells what was lost
   */
  stop(countsLost?: boolean): void
  /** Lets its health endpoint tell that it will stop; everything else goes on. */
  leave(): void
  /**
   * Ends it at once.
   * @param reason for `ended`, unless the thread itself has given one
   */
  terminate(reason?: string): void
}

/** Why a thread is gone. */
export interface WorkerEnd {
  readonly reason: string
  /** What it could not do, as it said by itself; null when it ended otherwise. */
  readonly failedAt: 'build' | 'listen' | null
  /** It was told to stop and has answered all its requests. */
  readonly orderly: boolean
}

/** The thread ended before it did what was asked. */
export class WorkerEnded extends Error {
  readonly end: WorkerEnd

  constructor(end: WorkerEnd) {
    super(end.reason)
    this.name = 'WorkerEnded'
    this.end = end
  }
}

/** The thread cannot build another gateway, and goes on with the one it has; the message names every problem. */
export class BuildRefused extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'BuildRefused'
  }
}
