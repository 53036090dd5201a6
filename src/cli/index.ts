import { check } from './check.ts'
import { checkPlugin } from './check-plugin.ts'
import type { Command, Terminal } from './command.ts'
import { dispatch, findCommand, refuse } from './dispatch.ts'
import { commandHelp, groupHelp, groupUsage } from './help.ts'
import { plugin } from './plugin.ts'
import { run } from './run.ts'
import { testPlugin } from './test-plugin.ts'
import { version } from './version.ts'

const PROGRAM = 'loligo'

/** `loligo help [COMMAND [SUBCOMMAND]]`. */
const help: Command = {
  name: 'help',
  aliases: [],
  summary: 'Show this help, or that of a command',
  arguments: '[COMMAND]',
  flags: {},
  async run(args, terminal) {
    let commands = COMMANDS
    let path = PROGRAM
    let command: Command | null = null
    for (const name of args) {
      if (name.startsWith('-')) break
      const found = findCommand(commands, name)
      if (found === undefined)
        return refuse(`unknown command "${name}" for "${path}"`, groupUsage(commands, path), terminal)
      command = found
      commands = found.commands ?? []
      path = `${PROGRAM} ${found.name}`
      if (commands.length === 0) break
    }
    terminal.out(command === null ? groupHelp(COMMANDS, PROGRAM) : commandHelp(command))
    return 0
  },
}

/** Every command, in the order of the help. */
const COMMANDS: readonly Command[] = [check, checkPlugin, help, plugin, run, testPlugin, version]

/** Runs a command line (without the program's name) and resolves to the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  return await dispatch(COMMANDS, PROGRAM, args, terminal)
}
