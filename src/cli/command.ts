import type { FlagSpecs } from './flags.ts'

/** Where a command writes, and what it reads beside its arguments. */
export interface Terminal {
  /** Help goes there, and what a command was asked to list; everything else goes to standard error, as the reference does. */
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A command of the command line. */
export interface Command {
  /** What is typed; of a subcommand with its parent: `plugin list`. */
  readonly name: string
  readonly aliases: readonly string[]
  /** One line for the list of commands. */
  readonly summary: string
  /** What may follow beside flags, for the help: `[FOLDER]`. */
  readonly arguments?: string
  readonly flags: FlagSpecs
  /** The commands that it consists of. */
  readonly commands?: readonly Command[]
  /**
   * Runs it and resolves to the exit code.
   * @throws UsageError when the arguments cannot be understood.
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}

/** What every command understands. */
export const HELP_FLAG = { help: { kind: 'boolean', short: 'h', help: 'Show this help' } } as const satisfies FlagSpecs

/** The flag that names the configuration file. */
export const CONFIG_FLAG = {
  config: { kind: 'string', short: 'c', value: 'FILE', help: 'The configuration file (JSON, YAML or TOML)' },
} as const satisfies FlagSpecs

/** The flag that brings back what the reference lets pass. */
export const LENIENT_FLAG = {
  lenient: {
    kind: 'boolean',
    help: 'Accept what the reference silently drops (unknown components, scripts that do not parse …), with a warning',
  },
} as const satisfies FlagSpecs

/** What a command says that needs a configuration file and was given none. */
export const CONFIG_MISSING =
  'Please, provide the path to the configuration file with --config or see all the options with --help\n'

/** The line that says which arguments a command does not use; empty when there are none. */
export function unusedArguments(rest: readonly string[]): string {
  return rest.length === 0 ? '' : `WARNING ignoring what is not a flag: ${rest.join(' ')}\n`
}
