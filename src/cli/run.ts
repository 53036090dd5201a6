import type { Diagnostic } from '../config/diagnostic.ts'
import { formatNotice } from '../config/diagnostic.ts'
import { loadConfig } from '../config/load.ts'
import type { GatewayConfig } from '../config/model.ts'
import { features } from '../gateway/pipeline.ts'
import { PRODUCT } from '../product.ts'
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
    err(unusedArguments(rest))
    if (flags.config === undefined || flags.config === '') {
      err(CONFIG_MISSING)
      return 1
    }
    const { config, diagnostics } = await loadConfig({
      file: flags.config,
      env,
      lenient: flags.lenient,
      features,
      overrides,
    })
    if (config === null) {
      err(`ERROR parsing the configuration file: ${listDiagnostics(diagnostics, 'error')}\n`)
      return 255
    }
    return await serveConfig(config, diagnostics, threads, err)
  },
}

async function serveConfig(
  config: GatewayConfig,
  diagnostics: readonly Diagnostic[],
  threads: number,
  err: (text: string) => void,
): Promise<number> {
  const notices = diagnostics.map((diagnostic) => ({
    level: diagnostic.severity === 'warning' ? ('WARNING' as const) : ('ERROR' as const),
    message: formatNotice(diagnostic),
  }))
  return await serve({ config, notices, threads, reusePort: canSharePort(), entry: threadEntry(), outputFd: 1, err })
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
