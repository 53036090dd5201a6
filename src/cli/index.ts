import { check } from './check.ts'
import type { Command, Terminal } from './command.ts'
import { UsageError } from './flags.ts'
import { commandHelp, commandUsage, programHelp, programUsage } from './help.ts'
import { run } from './run.ts'
import { version } from './version.ts'

const EXIT_USAGE = 255

/** `loligo help [COMMAND]`. */
const help: Command = {
  name: 'help',
  aliases: [],
  summary: 'Show this help, or that of a command',
  flags: {},
  async run([name], { out, err }) {
    const command = name === undefined || name.startsWith('-') ? null : findCommand(name)
    if (command === undefined)
      return refuse(`unknown command "${name}" for "loligo"`, programUsage(COMMANDS), { out, err })
    out(command === null ? programHelp(COMMANDS) : commandHelp(command))
    return 0
  },
}

/** Every command, in the order of the help. */
const COMMANDS: readonly Command[] = [check, help, run, version]

/** Runs a command line (without the program's name) and resolves to the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    terminal.out(programHelp(COMMANDS))
    return 0
  }
  const usage = programUsage(COMMANDS)
  if (name.startsWith('--')) return refuse(`unknown flag: ${name.replace(/=.*/s, '')}`, usage, terminal)
  if (name.startsWith('-')) return refuse(`unknown shorthand flag: '${name.charAt(1)}' in ${name}`, usage, terminal)
  const command = findCommand(name)
  if (command === undefined) return refuse(`unknown command "${name}" for "loligo"`, usage, terminal)
  try {
    return await command.run(rest, terminal)
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message, commandUsage(command), terminal)
    throw error
  }
}

function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases.includes(name))
}

/** The message goes to both outputs, as the reference does: scripts look at either. */
function refuse(message: string, usage: string, { out, err }: Pick<Terminal, 'out' | 'err'>): number {
  err(`Error: ${message}\n${usage}`)
  out(`${message}\n`)
  return EXIT_USAGE
}
