import { BuildRefused, type GatewayWorker, WorkerEnded } from './gateway-worker.ts'
import type { Blueprint } from './messages.ts'
import { TookTooLong, within } from './within.ts'

/** What was to take the place of the gateway that serves cannot; the message says why, each reason once. */
export class ReloadRefused extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'ReloadRefused'
  }
}

/** How long a trial that is ended may take to be gone, in milliseconds. */
const END_MS = 2000

/**
 * Builds the gateway in a thread that serves nothing, and ends that thread: code that does not load, throws, or never
 * ends, does its harm there. Resolves when the thread is gone, or cannot be ended.
 * @throws ReloadRefused
 */
export async function tryBuild(trial: GatewayWorker, limitMs: number): Promise<void> {
  try {
    await within(trial.built, limitMs)
  } catch (error) {
    trial.terminate()
    // One that hangs in a call of native code ends when that returns: nobody waits for it, for it serves nothing.
    await within(trial.ended, END_MS).catch(() => {})
    throw new ReloadRefused(explain(error, 'the trial thread'))
  }
  await within(trial.ended, limitMs).catch(() => trial.terminate()) // a plugin that does not close harms nobody here
  await within(trial.ended, END_MS).catch(() => {})
}

/**
 * Lets threads build a gateway beside the one that serves.
 * @throws ReloadRefused when one of them cannot; the others have closed what they built then, or will
 */
export async function buildBeside(
  workers: readonly GatewayWorker[],
  blueprint: Blueprint,
  limitMs: number,
): Promise<void> {
  const builds = await Promise.allSettled(workers.map((worker) => within(worker.build(blueprint), limitMs)))
  const reasons = new Set<string>()
  for (const [at, build] of builds.entries()) {
    if (build.status === 'rejected') reasons.add(explain(build.reason, `gateway thread ${workers[at]?.data.index}`))
  }
  if (reasons.size === 0) return
  for (const worker of workers) worker.discard(blueprint.generation)
  throw new ReloadRefused([...reasons].join('\n'))
}

function explain(error: unknown, thread: string): string {
  if (error instanceof BuildRefused) return error.message
  if (error instanceof TookTooLong) {
    return `${thread} was ${error.message} with building: code of a plugin does not come to an end`
  }
  if (!(error instanceof WorkerEnded)) throw error
  return error.end.failedAt === 'build' ? error.message : `${thread} ended while it built: ${error.message}`
}
