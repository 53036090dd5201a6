import type { Diagnostic } from '../config/diagnostic.ts'
import { formatNotice } from '../config/diagnostic.ts'
import { loadConfig } from '../config/load.ts'
import { features } from '../gateway/pipeline.ts'
import { createLogger, DEFAULT_LOGGING } from '../telemetry/logging.ts'
import type { Command } from './command.ts'
import { CONFIG_FLAG, CONFIG_MISSING, HELP_FLAG, LENIENT_FLAG, unusedArguments } from './command.ts'
import { listDiagnostics } from './diagnostics.ts'
import { parseFlags } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = { ...CONFIG_FLAG, ...LENIENT_FLAG } as const

/** `loligo check`: reads a configuration and builds its gateway once, without serving (specification: operations 1.2). */
export const check: Command = {
  name: 'check',
  aliases: ['validate'],
  summary: 'Check that the configuration file is valid',
  flags: FLAGS,
  async run(args, { out, err, env }) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      out(commandHelp(check))
      return 0
    }
    err(unusedArguments(rest))
    if (flags.config === undefined || flags.config === '') {
      err(CONFIG_MISSING)
      return 1
    }
    err(`Parsing configuration file: ${flags.config}\n`)
    const { config, diagnostics } = await loadConfig({
      file: flags.config,
      env,
      lenient: flags.lenient,
      features,
      overrides: {},
    })
    err(listNotices(diagnostics))
    if (config === null) {
      err(`ERROR parsing the configuration file:\t${listDiagnostics(diagnostics, 'error')}\n`)
      return 1
    }
    const log = createLogger({ ...DEFAULT_LOGGING, level: 'WARNING', format: 'bare' }, (line) => err(`${line}\n`))
    // Loaded here, for `run` builds its gateways in other threads and need not wait for it.
    const { checkGateway } = await import('../gateway/check.ts')
    const problems = await checkGateway(config, log)
    err(listNotices(problems))
    if (problems.some(({ severity }) => severity === 'error')) {
      err(`ERROR building the gateway:\t${listDiagnostics(problems, 'error')}\n`)
      return 1
    }
    err('Syntax OK!\n')
    return 0
  },
}

/** What does not stop the gateway: warnings, and parts of the configuration that are left out. */
function listNotices(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .filter(({ severity }) => severity !== 'error')
    .map((diagnostic) => `${diagnostic.severity === 'skipped' ? 'SKIPPED' : 'WARNING'} ${formatNotice(diagnostic)}\n`)
    .join('')
}
