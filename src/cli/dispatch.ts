import type { Command, Terminal } from './command.ts'
import { UsageError } from './flags.ts'
import { commandUsage, groupHelp, groupUsage } from './help.ts'

const EXIT_USAGE = 255

/**
 * Runs the command that the first argument names and resolves to the exit code; without one the help is shown.
 * @param path what stands before the command's name: `loligo`, `loligo plugin`
 */
export async function dispatch(
  commands: readonly Command[],
  path: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [name, ...rest] = args
  const usage = groupUsage(commands, path)
  if (name === undefined || name === '--help' || name === '-h') {
    terminal.out(groupHelp(commands, path))
    return 0
  }
  if (name.startsWith('--')) return refuse(`unknown flag: ${name.replace(/=.*/s, '')}`, usage, terminal)
  if (name.startsWith('-')) return refuse(`unknown shorthand flag: '${name.charAt(1)}' in ${name}`, usage, terminal)
  const command = findCommand(commands, name)
  if (command === undefined) return refuse(`unknown command "${name}" for "${path}"`, usage, terminal)
  try {
    return await command.run(rest, terminal)
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message, commandUsage(command), terminal)
    throw error
  }
}

/** The command of a name or alias; a subcommand's name is its last word. */
export function findCommand(commands: readonly Command[], name: string): Command | undefined {
  return commands.find((command) => command.name.split(' ').at(-1) === name || command.aliases.includes(name))
}

/** The message goes to both outputs, as the reference does: scripts look at either. */
export function refuse(message: string, usage: string, { out, err }: Pick<Terminal, 'out' | 'err'>): number {
  err(`Error: ${message}\n${usage}`)
  out(`${message}\n`)
  return EXIT_USAGE
}
