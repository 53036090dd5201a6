import type { GatewayConfig } from '../config/model.ts'
import type { Level, Logger } from '../telemetry/logger.ts'
import type { LoggingOptions } from '../telemetry/logging.ts'
import { ReloadRefused } from './build-beside.ts'
import { mergeCalls } from './merged-calls.ts'
import { needsRestart } from './needs-restart.ts'
import type { Supervisor } from './supervisor.ts'

/** Something to be logged about a configuration that was read. */
export interface Notice {
  readonly level: Level
  readonly message: string
}

/** What reading the configuration gave. */
export interface ReadConfig {
  /** Null when it cannot be used; the notices say why. */
  readonly config: GatewayConfig | null
  readonly notices: readonly Notice[]
}

export interface ReloaderOptions {
  /** What the process was started with. */
  readonly started: GatewayConfig
  /** Reads the configuration again. */
  readonly read: () => Promise<ReadConfig>
  /** The supervisor, once it serves. */
  readonly supervisor: Promise<Pick<Supervisor, 'reload' | 'counters'>>
  readonly log: Logger
  /** How the threads are to log with that configuration. */
  readonly planLogging: (config: GatewayConfig) => LoggingOptions
  /** Runs as soon as a configuration could be read, before a gateway is made of it. */
  readonly onRead: (config: GatewayConfig) => Promise<void>
  /** Runs when all threads serve it. */
  readonly onReloaded: (config: GatewayConfig) => void
}

const TAG = '[SERVICE: Supervisor]'

/**
 * Makes a function that asks for a reload: reads the configuration again and lets the threads change over to it. What
 * goes wrong is logged, and changes nothing. Reloads that are asked for while one runs become one that follows.
 */
export function createReloader(options: ReloaderOptions): (reason: string) => void {
  return mergeCalls(async (reasons) => {
    const supervisor = await options.supervisor.catch(() => null) // whoever started it tells why it does not serve
    if (supervisor === null) return
    options.log.info(`${TAG} reloading: ${reasons.join(', ')}`)
    try {
      await reload(options, supervisor)
    } catch (error) {
      const text = error instanceof ReloadRefused ? error.message : ((error as Error).stack ?? String(error))
      options.log.error(`${TAG} not reloaded, generation ${supervisor.counters().generation} goes on: ${text}`)
    }
  })
}

async function reload(options: ReloaderOptions, supervisor: Pick<Supervisor, 'reload'>): Promise<void> {
  const { log } = options
  const startedAt = performance.now()
  const { config, notices } = await options.read()
  logNotices(log, notices)
  if (config === null) throw new ReloadRefused('the configuration cannot be used')
  await options.onRead(config)
  for (const told of needsRestart(options.started, config)) log.warning(`${TAG} ${told}`)
  const logging = options.planLogging(config)
  const generation = await supervisor.reload({ config, logging })
  options.onReloaded(config)
  log.info(`${TAG} generation ${generation} serves after ${Math.round(performance.now() - startedAt)} ms`)
}

/** Writes what reading a configuration had to say. */
export function logNotices(log: Logger, notices: readonly Notice[]): void {
  for (const { level, message } of notices) {
    if (level === 'ERROR') log.error(message)
    else log.warning(message)
  }
}
