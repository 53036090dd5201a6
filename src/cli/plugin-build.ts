import type { BuildReport } from '../plugins/building/build.ts'
import { shownPath } from '../plugins/building/source-path.ts'
import type { Command, Terminal } from './command.ts'
import { HELP_FLAG } from './command.ts'
import { parseFlags, UsageError } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = {
  out: {
    kind: 'string',
    short: 'o',
    value: 'FILE',
    help: 'Write this file (default: DIR/NAME.wasm, NAME as the folder)',
  },
} as const

/** `loligo plugin build`: compiles the sources of a Go plugin to a file that the gateway loads. Only this needs Go. */
export const pluginBuild: Command = {
  name: 'plugin build',
  aliases: [],
  summary: 'Compile a Go plugin, its sources as they are, to a file that the gateway loads',
  arguments: 'DIR',
  flags: FLAGS,
  async run(args, terminal) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      terminal.out(commandHelp(pluginBuild))
      return 0
    }
    const [folder, ...others] = rest
    if (folder === undefined) throw new UsageError('a folder is required: loligo plugin build DIR')
    if (others.length > 0) throw new UsageError(`what is "${others.join(' ')}"? A folder was given already`)
    if (flags.out === '') throw new UsageError('the file after -o has no name')
    return await build(folder, flags.out, terminal)
  },
}

async function build(folder: string, out: string | undefined, terminal: Terminal): Promise<number> {
  // Loaded here, for other commands need none of it.
  const { buildGoPlugin } = await import('../plugins/building/build.ts')
  const { BuildFailure } = await import('../plugins/building/build-failure.ts')
  try {
    const report = await buildGoPlugin({ folder, out, env: terminal.env })
    for (const warning of report.warnings) terminal.err(`WARNING ${warning}\n`)
    terminal.out(describe(report))
    return 0
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error
    const { message, remedy, output } = error
    if (output !== '') terminal.err(output.endsWith('\n') ? output : `${output}\n`)
    terminal.err(`ERROR ${message}${remedy === '' ? '' : ` (${remedy})`}\n`)
    return 1
  }
}

/** What was built, and what the sources were seen to use. */
function describe({ file, bytes, seconds, section, uses }: BuildReport): string {
  const size = `${(bytes / 1_000_000).toFixed(1)} MB`
  const head = `Built ${shownPath(file)}: ${section.kinds.join(', ')}; ${size}, ${section.goVersion}, ${seconds.toFixed(1)} s`
  const { hosts, env, files, exec } = section.uses
  const rows = [
    ['hosts', hosts, uses.computed.hosts],
    ['env', env, uses.computed.env],
    ['files', files, uses.computed.files],
    ['programs', exec, []],
    ['network through', uses.network, []],
  ] as const
  const used = rows.filter(([, names]) => names.length > 0)
  if (used.length === 0) return `${head}\nIts sources seem to use no hosts, environment, files or programs.\n`
  const width = Math.max(...used.map(([label]) => label.length))
  const lines = used.map(([label, names, computed]) => {
    const places = computed.length === 0 ? '' : `: ${computed.join(', ')}`
    return `  ${label.padEnd(width)}  ${names.join(', ')}${places}\n`
  })
  return `${head}\nIts sources seem to use:\n${lines.join('')}`
}
