import type { Diagnostic } from '../config/diagnostic.ts'
import { formatNotice } from '../config/diagnostic.ts'
import { parseDuration } from '../config/duration.ts'
import { loadConfig } from '../config/load.ts'
import { features } from '../gateway/pipeline.ts'
import { PRODUCT } from '../product.ts'
import type { Notice } from '../supervisor/reload.ts'
import { serve } from '../supervisor/serve.ts'
import { canSharePort, defaultThreads, parseThreads } from '../supervisor/thread-count.ts'
import { threadEntry } from '../supervisor/thread-entry.ts'
import type { Command } from './command.ts'
import { CONFIG_FLAG, CONFIG_MISSING, HELP_FLAG, LENIENT_FLAG, unusedArguments } from './command.ts'
import { listDiagnostics } from './diagnostics.ts'
import type { FlagValues } from './flags.ts'
import { parseFlags, UsageError } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = {
  ...CONFIG_FLAG,
  debug: { kind: 'count', short: 'd', help: 'Enable the debug endpoint /__debug/' },
  port: {
    kind: 'string',
    short: 'p',
    value: 'PORT',
    help: 'Listen on this port instead of the configured one (0: any that is free)',
  },
  threads: {
    kind: 'string',
    value: 'N',
    help: 'Serve with N threads (default: one for each core, from 2 to 8; also LOLIGO_THREADS)',
  },
  watch: {
    kind: 'boolean',
    help: 'Reload when the configuration or a plugin changes (also LOLIGO_WATCH=1); SIGHUP always does',
  },
  watchdog: {
    kind: 'string',
    value: 'DURATION',
    help: 'Replace a thread that stands still for longer (default: 2s; 0: never; also LOLIGO_WATCHDOG)',
  },
  ...LENIENT_FLAG,
} as const

/** `loligo run`: serves a configuration until a signal ends it (specification: operations 1.1). */
export const run: Command = {
  name: 'run',
  aliases: [],
  summary: `Run the ${PRODUCT} server`,
  flags: FLAGS,
  async run(args, { out, err, env }) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      out(commandHelp(run))
      return 0
    }
    const overrides = readOverrides(flags)
    const threads = readThreads(flags.threads, env.LOLIGO_THREADS)
    const watches = flags.watch || readSwitch('LOLIGO_WATCH', env.LOLIGO_WATCH)
    const standstillMs = readWatchdog(flags.watchdog, env.LOLIGO_WATCHDOG)
    err(unusedArguments(rest))
    if (flags.config === undefined || flags.config === '') {
      err(CONFIG_MISSING)
      return 1
    }
    const file = flags.config
    const load = () => loadConfig({ file, env, lenient: flags.lenient, features, overrides })
    const { config, diagnostics } = await load()
    if (config === null) {
      err(`ERROR parsing the configuration file: ${listDiagnostics(diagnostics, 'error')}\n`)
      return 255
    }
    return await serve({
      config,
      notices: diagnostics.map(toNotice),
      read: async () => {
        const again = await load()
        return { config: again.config, notices: again.diagnostics.map(toNotice) }
      },
      watched: watches ? [file] : null,
      ...(standstillMs !== null && { standstillMs }),
      ...{ threads, reusePort: canSharePort(), entry: threadEntry(), outputFd: 1, err },
    })
  },
}

function toNotice(diagnostic: Diagnostic): Notice {
  return { level: diagnostic.severity === 'warning' ? 'WARNING' : 'ERROR', message: formatNotice(diagnostic) }
}

/** Settings of the file that the command line replaces. */
function readOverrides({ port, debug }: Pick<FlagValues<typeof FLAGS>, 'port' | 'debug'>): {
  port?: number
  debugEndpoint?: boolean
} {
  return {
    ...(port === undefined ? {} : { port: readPort(port) }),
    ...(debug > 0 ? { debugEndpoint: true } : {}),
  }
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65536
  if (port <= 65535) return port
  throw new UsageError(`invalid argument "${text}" for "-p, --port" flag: want a number from 0 to 65535`)
}

function readThreads(flag: string | undefined, variable: string | undefined): number {
  const text = flag ?? variable
  if (text === undefined || text === '') return defaultThreads()
  const threads = parseThreads(text)
  if (threads !== null) return threads
  const source = flag === undefined ? 'the environment variable LOLIGO_THREADS' : '"--threads" flag'
  throw new UsageError(`invalid argument "${text}" for ${source}: want a number from 1 to 128`)
}

/** Less would take a large answer that is encoded for a thread that hangs. */
const SHORTEST_WATCHDOG_MS = 100

/** In milliseconds; 0: never; null: as by default. */
function readWatchdog(flag: string | undefined, variable: string | undefined): number | null {
  const text = flag ?? variable
  if (text === undefined || text === '') return null
  const parsed = parseDuration(text)
  if ('ms' in parsed && (parsed.ms === 0 || parsed.ms >= SHORTEST_WATCHDOG_MS)) return parsed.ms
  const source = flag === undefined ? 'the environment variable LOLIGO_WATCHDOG' : '"--watchdog" flag'
  const reason = 'error' in parsed ? parsed.error : `it must be 0, or ${SHORTEST_WATCHDOG_MS}ms or more`
  throw new UsageError(`invalid argument "${text}" for ${source}: ${reason}`)
}

/** A switch that a variable of the environment sets. */
function readSwitch(name: string, text: string | undefined): boolean {
  if (text === undefined || text === '' || text === '0' || text === 'false') return false
  if (text === '1' || text === 'true') return true
  throw new UsageError(`invalid argument "${text}" for the environment variable ${name}: want 1 or 0`)
}
