import { formatNotice } from '../config/diagnostic.ts'
import { loadConfig } from '../config/load.ts'
import type { PluginSection } from '../config/model.ts'
import { pluginFolderSection } from '../config/plugin-section.ts'
import { features } from '../gateway/pipeline.ts'
import { createLogger, DEFAULT_LOGGING } from '../telemetry/logging.ts'
import type { Command, Terminal } from './command.ts'
import { CONFIG_FLAG, HELP_FLAG, unusedArguments } from './command.ts'
import { listDiagnostics } from './diagnostics.ts'
import { parseFlags, UsageError } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = {
  ...CONFIG_FLAG,
  json: { kind: 'boolean', help: 'Write JSON in place of the list for people' },
} as const

const DEFAULT_FOLDER = './plugins'

/**
 * `loligo plugin list`: what the plugins of a configuration or of a folder are, their options, and what is wrong with
 * them. A folder that is a plugin itself, by its `package.json`, is listed alone. Their files are loaded, no factory is called. Exits with 1 when there are problems.
 */
export const pluginList: Command = {
  name: 'plugin list',
  aliases: [],
  summary: `List the plugins of a configuration, or of a folder (${DEFAULT_FOLDER}), with options and problems`,
  arguments: '[FOLDER]',
  flags: FLAGS,
  async run(args, terminal) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    const { out, err } = terminal
    if (flags.help) {
      out(commandHelp(pluginList))
      return 0
    }
    const [folder, ...unused] = rest
    if (flags.config !== undefined && folder !== undefined) {
      throw new UsageError(`give a configuration or a folder: -c ${flags.config} stands beside "${folder}"`)
    }
    err(unusedArguments(unused))
    if (flags.config === undefined) {
      return await list(pluginFolderSection(folder ?? DEFAULT_FOLDER), null, flags.json, terminal)
    }
    const section = await sectionOf(flags.config, terminal)
    return section === null ? 1 : await list(section, flags.config, flags.json, terminal)
  },
}

/** @param configFile null for a folder that is given by itself */
async function list(
  section: PluginSection,
  configFile: string | null,
  json: boolean,
  { out, err }: Terminal,
): Promise<number> {
  const log = createLogger({ ...DEFAULT_LOGGING, level: 'WARNING', format: 'bare' }, (line) => err(`${line}\n`))
  // Loaded here, for other commands need none of it.
  const { DEFAULT_LOAD_LIMITS, loadFolder, loadUnits } = await import('../plugins/loading/units.ts')
  const { countProblems, formatListing, listingOf } = await import('./plugin-listing.ts')
  const { withRuntimes } = await import('../plugins/loading/with-runtimes.ts')
  const load = configFile === null ? loadFolder : loadUnits
  const listing = await withRuntimes({ section, log, print: err }, async (runtimes) =>
    listingOf(await load({ section, configFile: configFile ?? '', log }, DEFAULT_LOAD_LIMITS, runtimes)),
  )
  out(json ? `${JSON.stringify(listing, null, 2)}\n` : formatListing(listing))
  return countProblems(listing) === 0 ? 0 : 1
}

/** The `plugin` object of a configuration; null, with a message, when there is none. */
async function sectionOf(file: string, { err, env }: Terminal): Promise<PluginSection | null> {
  // What stands elsewhere in the file and is not accepted is no reason to hide the plugins.
  const { config, diagnostics } = await loadConfig({ file, env, lenient: true, features, overrides: {} })
  if (config === null) {
    err(`ERROR parsing the configuration file:\t${listDiagnostics(diagnostics, 'error')}\n`)
    return null
  }
  for (const diagnostic of diagnostics.filter(({ path }) => path.startsWith('plugin'))) {
    err(`WARNING ${formatNotice(diagnostic)}\n`)
  }
  if (config.plugin === null) {
    err(`ERROR ${file} has no "plugin" object: add "plugin": { "folder": "…" } at the root\n`)
  }
  return config.plugin
}
