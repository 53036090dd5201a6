import { flushCompileCache } from 'node:module'
import { isatty } from 'node:tty'
import { isDeepStrictEqual } from 'node:util'
import type { GatewayConfig } from '../config/model.ts'
import { PRODUCT, VERSION } from '../product.ts'
import { tlsFiles } from '../shared/tls-files.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createLogger } from '../telemetry/logging.ts'
import type { LoggingPlan, LoggingSettings } from '../telemetry/logging-options.ts'
import { planLogging } from '../telemetry/logging-options.ts'
import { createStamp } from '../telemetry/timestamp.ts'
import { heapLimitMb } from './heap-limit.ts'
import { createLogRelay, type LogRelay } from './log-relay.ts'
import type { LogWriter } from './log-writer.ts'
import { openLogWriter } from './log-writer.ts'
import { AddressUnusable } from './probe-port.ts'
import { createReloader, logNotices, type Notice, type ReadConfig } from './reload.ts'
import type { StopSignal } from './signals.ts'
import { interceptHangUp, interceptSignals } from './signals.ts'
import type { Supervisor } from './supervisor.ts'
import { StartFailed, startSupervisor } from './supervisor.ts'
import { type Watch, watchSources } from './watch.ts'

export interface ServeOptions {
  readonly config: GatewayConfig
  /** What reading the configuration found, to be logged. */
  readonly notices: readonly Notice[]
  /** Reads the configuration again, for a reload. */
  readonly read: () => Promise<ReadConfig>
  /** Files whose changes cause a reload, as do those of the plugin folder; null when only SIGHUP does. */
  readonly watched: readonly string[] | null
  readonly threads: number
  readonly reusePort: boolean
  /** The file that a gateway thread runs. */
  readonly entry: URL
  /** Where both logs go: 1 is standard output. */
  readonly outputFd: number
  /** Writes to standard error. */
  readonly err: (text: string) => void
  /** See SupervisorOptions. */
  readonly standstillMs?: number
  readonly buildLimitMs?: number
  readonly recycleAfter?: number
}

/** The configuration is read, but no gateway could be made of it. */
const EXIT_UNUSABLE = 255
const EXIT_NOT_LISTENING = 1

/** What "at once" leaves for the lines that are not written yet. */
const AT_ONCE_MS = 200

/**
 * Serves a configuration as this process, until a signal ends it; resolves to the exit code. It takes over the
 * process's signals and writes both logs.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { config, err, outputFd } = options
  const writer = openLogWriter(outputFd, (problem) => err(`[SERVICE: Logging] ${problem}\n`))
  const asked = askedToStop(err, writer)
  process.on('uncaughtException', (error) => void die(error, err, writer))
  const write = (text: string): void => writer.write(text)
  const plan = planFor(config, outputFd)
  const relay = createLogRelay(loggerFor(plan, write))
  const { log } = relay
  tellPlan(plan, log, err)
  logNotices(log, options.notices)
  log.info(`Starting ${PRODUCT} v${VERSION}`)
  log.info(`Working directory is ${process.cwd()}`)
  log.info(`Starting the ${PRODUCT} instance`)
  const threads = options.reusePort ? options.threads : 1
  if (threads < options.threads) {
    log.warning(
      `[SERVICE: Supervisor] one thread serves instead of ${options.threads}: this system cannot share a port`,
    )
  }
  const start = startSupervisor({
    config,
    threads,
    reusePort: options.reusePort,
    entry: options.entry,
    heapLimitMb: heapLimitMb(threads),
    logging: plan.options,
    log,
    write,
    print: (stream, text) => (stream === 1 ? write(text) : err(text)),
    ...(options.standstillMs !== undefined && { standstillMs: options.standstillMs }),
    ...(options.buildLimitMs !== undefined && { buildLimitMs: options.buildLimitMs }),
    ...(options.recycleAfter !== undefined && { recycleAfter: options.recycleAfter }),
  })
  start.catch(() => {}) // awaited below, unless a signal comes first
  await reloadWhenAsked(options, start, relay, write)
  try {
    const supervisor = await Promise.race([start, asked])
    if (supervisor === null) return 0
    log.info(`[SERVICE: Gin] Listening on port: ${supervisor.port}`)
    flushCompileCache()
    await asked
    await stop(supervisor, log)
    return 0
  } catch (error) {
    return explain(error, err)
  } finally {
    await writer.close()
  }
}

async function stop(supervisor: Supervisor, log: Logger): Promise<void> {
  const { active } = supervisor.counters()
  if (active > 0) log.info(`[SERVICE: Supervisor] Waiting for about ${active} requests under way`)
  await supervisor.stop()
  log.info(`[SERVICE: Supervisor] ${supervisor.counters().requests} requests were served`)
  log.info('[SERVICE: Gin] Router execution ended')
}

/** Resolves when a signal asks to end; the second one ends the process at once. */
function askedToStop(err: (text: string) => void, writer: LogWriter): Promise<null> {
  const stamp = createStamp({ dateSeparator: '/', between: ' ' })
  const { promise, resolve } = Promise.withResolvers<null>()
  const say = ({ text }: StopSignal) => err(`${stamp(Date.now())} Signal intercepted: ${text}\n`)
  interceptSignals(
    (signal) => {
      say(signal)
      resolve(null)
    },
    (signal) => {
      say(signal)
      void writer.close(AT_ONCE_MS).then(() => process.exit(signal.exitCode))
    },
  )
  return promise
}

/** Reloads at SIGHUP and, when files are watched, at their changes. */
async function reloadWhenAsked(
  options: ServeOptions,
  supervisor: Promise<Supervisor>,
  { log, change }: LogRelay,
  write: (text: string) => void,
): Promise<void> {
  const { config: started, read, watched, outputFd, err } = options
  const sourcesOf = (config: GatewayConfig) => ({
    files: [...(watched ?? []), ...upstreamTlsFiles(config)],
    folder: config.plugin?.folder ?? null,
  })
  let watch: Watch | null = null
  let serving = started
  const reload = createReloader({
    ...{ started, read, supervisor, log },
    planLogging: (config) => planFor(config, outputFd).options,
    onRead: async (config) => await watch?.replace(sourcesOf(config)),
    onReloaded: (config) => {
      const plan = planFor(config, outputFd)
      const same = isDeepStrictEqual(plan, planFor(serving, outputFd))
      serving = config
      if (same) return
      change(loggerFor(plan, write))
      tellPlan(plan, log, err)
    },
  })
  interceptHangUp(() => reload('SIGHUP'))
  if (watched === null) return
  watch = await watchSources({
    sources: sourcesOf(started),
    onChange: (changes) => reload(changes.join(', ')),
    log,
  })
}

/** Those of HTTPS are looked after by the threads, and need no reload. */
function upstreamTlsFiles({ upstream, endpoints }: GatewayConfig): string[] {
  const settings = [upstream.tls, ...endpoints.flatMap(({ backends }) => backends.map(({ clientTls }) => clientTls))]
  return [...new Set(settings.flatMap((tls) => (tls === null ? [] : tlsFiles(tls, tls.certificates))))]
}

function planFor(config: GatewayConfig, outputFd: number): LoggingPlan {
  return planLogging(config.extra['telemetry/logging'] as LoggingSettings | undefined, isatty(outputFd))
}

function loggerFor({ options }: LoggingPlan, write: (text: string) => void): Logger {
  return createLogger(options, (line) => write(`${line}\n`))
}

function tellPlan({ silence, warnings }: LoggingPlan, log: Logger, err: (text: string) => void): void {
  if (silence !== null) err(`${silence}\n`)
  for (const warning of warnings) log.warning(warning)
}

/** A defect of the supervisor itself: what was logged is written before the process ends. */
async function die(error: Error, err: (text: string) => void, writer: LogWriter): Promise<void> {
  err(`CRITICAL [SERVICE: Supervisor] ${error.stack ?? error.message}\n`)
  await writer.close(AT_ONCE_MS)
  process.exit(EXIT_NOT_LISTENING)
}

/** Standard error, for the application log may be off, or drop errors. */
function explain(error: unknown, err: (text: string) => void): number {
  if (error instanceof AddressUnusable) {
    err(`ERROR ${error.message}\n`)
    return EXIT_NOT_LISTENING
  }
  if (error instanceof StartFailed) {
    err(`ERROR building the gateway: ${error.message}\n`)
    return EXIT_UNUSABLE
  }
  throw error
}
