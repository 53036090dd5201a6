import type { TestContext } from 'node:test'
import { createLogger, DEFAULT_LOGGING } from '../../telemetry/logging.ts'
import { type SupervisorOptions, startSupervisor } from '../supervisor.ts'
import { canSharePort } from '../thread-count.ts'
import { type ConfigChanges, emptyConfig } from './config.ts'

/** The log of a supervisor and its threads, which can be waited for. */
export class Log {
  text = ''
  #waiting: { readonly seen: () => boolean; readonly resolve: () => void }[] = []

  readonly write = (text: string): void => {
    this.text += text
    for (const { seen, resolve } of this.#waiting) if (seen()) resolve()
  }

  /** Resolves when the pattern is found that often. */
  async shows(pattern: RegExp, times = 1): Promise<void> {
    const seen = () => this.count(pattern) >= times
    if (!seen()) await new Promise<void>((resolve) => this.#waiting.push({ seen, resolve }))
  }

  count(pattern: RegExp): number {
    return this.text.match(new RegExp(pattern, `${pattern.flags}g`))?.length ?? 0
  }
}

export const shares = canSharePort()

/** A supervisor of threads that fail as they are asked to; stopped after the test. */
export async function start(
  t: TestContext,
  threads: number,
  changes: ConfigChanges = {},
  options: Partial<SupervisorOptions> = {},
) {
  const log = new Log()
  const supervisor = await startSupervisor({
    config: emptyConfig(changes),
    threads: shares ? threads : 1,
    reusePort: shares,
    entry: new URL('./faulty-thread.ts', import.meta.url),
    heapLimitMb: 40,
    logging: DEFAULT_LOGGING,
    log: createLogger(DEFAULT_LOGGING, (line) => log.write(`${line}\n`)),
    write: log.write,
    ...options,
  })
  t.after(() => supervisor.stop())
  const get = (path: string) =>
    fetch(`http://127.0.0.1:${supervisor.port}${path}`, { headers: { connection: 'close' } })
  const reload = (next: ConfigChanges = {}) =>
    supervisor.reload({ config: emptyConfig(next), logging: DEFAULT_LOGGING })
  /** The generations that answer. */
  const generations = async () => {
    const seen = new Set<unknown>()
    for (let round = 0; round < 20; round++) seen.add(await (await get('/generation')).json())
    return [...seen]
  }
  return { log, supervisor, get, reload, generations }
}
