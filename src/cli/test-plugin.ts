import { basename } from 'node:path'
import type { LoadedUnit } from '../plugins/loading/units.ts'
import type { PluginKind } from '../plugins/runtime.ts'
import { formatLatency } from '../telemetry/go-duration.ts'
import { createLogger, DEFAULT_LOGGING } from '../telemetry/logging.ts'
import type { Command } from './command.ts'
import { HELP_FLAG } from './command.ts'
import { parseFlags } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = {
  server: { kind: 'boolean', short: 's', help: 'The file must hold a server plugin' },
  modifier: { kind: 'boolean', short: 'm', help: 'The file must hold a modifier' },
  client: { kind: 'boolean', short: 'c', help: 'The file must hold a client plugin' },
  middleware: { kind: 'boolean', short: 'w', help: 'The file must hold a middleware' },
} as const

/** The kinds in the order of the checks, and what the reference looks for in a file. */
const REGISTERERS = {
  server: 'HandlerRegisterer',
  modifier: 'ModifierRegisterer',
  client: 'ClientRegisterer',
  middleware: 'MiddlewareRegisterer',
} as const satisfies Record<PluginKind, string>

/** The reference gives plugins a log that writes nothing. */
const SILENT = createLogger({ ...DEFAULT_LOGGING, level: 'CRITICAL' }, () => {})

const KINDS = Object.keys(REGISTERERS) as readonly PluginKind[]

/** `loligo test-plugin`: whether files can be loaded and hold plugins of the asked kinds (specification: plugins 9.1). */
export const testPlugin: Command = {
  name: 'test-plugin',
  aliases: [],
  summary: 'Check that plugin files can be loaded, and which kinds of plugins they hold',
  arguments: 'FILE…',
  flags: FLAGS,
  async run(args, { out, err }) {
    const { flags, rest: files } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      out(commandHelp(testPlugin))
      return 0
    }
    if (files.length === 0) {
      err('At least one plugin is required.\n')
      return 1
    }
    const kinds = KINDS.filter((kind) => flags[kind])
    if (kinds.length === 0) {
      err('You must declare the expected type of the plugin.\n')
      return 1
    }
    return await testFiles(files, kinds, err)
  },
}

async function testFiles(
  files: readonly string[],
  kinds: readonly PluginKind[],
  err: (text: string) => void,
): Promise<number> {
  const startedAt = performance.now()
  // Loaded here, for other commands need not wait for it.
  const { DEFAULT_LOAD_LIMITS, loadUnitAt } = await import('../plugins/loading/units.ts')
  const { withRuntimes } = await import('../plugins/loading/with-runtimes.ts')
  const failed = await withRuntimes({ section: null, log: SILENT, print: err }, async (runtimes) => {
    let broken = 0
    for (const file of files) {
      const lines = resultsOf(file, await loadUnitAt(file, DEFAULT_LOAD_LIMITS, runtimes), kinds)
      err(lines.map((line) => `${line}\n`).join(''))
      if (lines.some((line) => line.startsWith('[KO]'))) broken++
    }
    return broken
  })
  const took = formatLatency(performance.now() - startedAt)
  if (failed === 0) err(`[OK] ${files.length} tested plugin(s) in ${took}\n`)
  else err(`[KO] ${files.length} tested plugin(s) in ${took}.\n${failed} plugin(s) failed.\n`)
  return failed === 0 ? 0 : 1
}

function resultsOf(file: string, loaded: LoadedUnit | null, kinds: readonly PluginKind[]): string[] {
  if (loaded === null) return [`[KO] Unable to open the plugin ${file}.`]
  const problems = loaded.problems.map(({ message, remedy }) => (remedy === '' ? message : `${message} (${remedy})`))
  return kinds.map((kind) => {
    const label = `${kind.toUpperCase()}\t${basename(file)}`
    const refused = loaded.refused[kind]
    if (refused !== undefined) return `[KO] ${label}: ${refused}`
    if (loaded.plugins.length === 0 && problems.length > 0 && Object.keys(loaded.refused).length === 0) {
      return `[KO] ${label}: ${problems.join('; ')}`
    }
    if (loaded.plugins.some((plugin) => plugin.kinds[kind] !== undefined)) return `[OK] ${label}`
    return `[KO] ${label}: The plugin does not contain a ${REGISTERERS[kind]}.`
  })
}
