import { PRODUCT, VERSION } from '../product.ts'
import type { Command } from './command.ts'
import { HELP_FLAG } from './command.ts'
import type { FlagSpec } from './flags.ts'

const HEAD = `${PRODUCT}: an API gateway that runs KrakenD configurations\nVersion: ${VERSION}\n`

/** The usage of the program. */
export function programHelp(commands: readonly Command[]): string {
  return `${HEAD}\n${programUsage(commands)}`
}

/** The usage without the head, to follow an error. */
export function programUsage(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const list = commands.map(({ name, aliases, summary }) => {
    const also = aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`
    return `  ${name.padEnd(width)}  ${summary}${also}\n`
  })
  return `Usage:\n  loligo COMMAND [flags]\n\nCommands:\n${list.join('')}\nFlags:\n${flagList(HELP_FLAG)}\nMore about a command: loligo COMMAND --help\n`
}

/** The usage of one command. */
export function commandHelp(command: Command): string {
  return `${HEAD}\n${command.summary}\n\n${commandUsage(command)}`
}

/** The usage of one command without the head, to follow an error. */
export function commandUsage({ name, aliases, flags }: Command): string {
  const also = aliases.length === 0 ? '' : `\nAliases:\n  ${[name, ...aliases].join(', ')}\n`
  return `Usage:\n  loligo ${name} [flags]\n${also}\nFlags:\n${flagList({ ...flags, ...HELP_FLAG })}`
}

function flagList(flags: Readonly<Record<string, FlagSpec>>): string {
  const rows = Object.entries(flags).map(([name, { short, value, help }]) => {
    const names = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return [names, help] as const
  })
  const width = Math.max(...rows.map(([names]) => names.length))
  return rows.map(([names, help]) => `  ${names.padEnd(width)}  ${help}\n`).join('')
}
