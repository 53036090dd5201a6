import { PRODUCT, VERSION } from '../product.ts'
import type { Command } from './command.ts'
import { HELP_FLAG } from './command.ts'
import type { FlagSpec } from './flags.ts'

const HEAD = `${PRODUCT}: an API gateway that runs KrakenD configurations\nVersion: ${VERSION}\n`

/** The usage of the program, or of a command that consists of others. */
export function groupHelp(commands: readonly Command[], path: string): string {
  return `${HEAD}\n${groupUsage(commands, path)}`
}

/** The usage without the head, to follow an error. */
export function groupUsage(commands: readonly Command[], path: string): string {
  const rows = commands.map(({ name, aliases, summary }) => {
    const also = aliases.length === 0 ? '' : ` (also: ${aliases.join(', ')})`
    return [name.split(' ').at(-1) ?? name, `${summary}${also}`] as const
  })
  const width = Math.max(...rows.map(([name]) => name.length))
  const list = rows.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}\n`).join('')
  return `Usage:\n  ${path} COMMAND [flags]\n\nCommands:\n${list}\nFlags:\n${flagList(HELP_FLAG)}\nMore about a command: ${path} COMMAND --help\n`
}

/** The usage of one command. */
export function commandHelp(command: Command): string {
  return `${HEAD}\n${command.summary}\n\n${commandUsage(command)}`
}

/** The usage of one command without the head, to follow an error. */
export function commandUsage({ name, aliases, arguments: words, flags, commands }: Command): string {
  if (commands !== undefined) return groupUsage(commands, `loligo ${name}`)
  const also = aliases.length === 0 ? '' : `\nAliases:\n  ${[name, ...aliases].join(', ')}\n`
  const usage = `loligo ${name}${words === undefined ? '' : ` ${words}`} [flags]`
  return `Usage:\n  ${usage}\n${also}\nFlags:\n${flagList({ ...flags, ...HELP_FLAG })}`
}

function flagList(flags: Readonly<Record<string, FlagSpec>>): string {
  const rows = Object.entries(flags).map(([name, { short, value, help }]) => {
    const names = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return [names, help] as const
  })
  const width = Math.max(...rows.map(([names]) => names.length))
  return rows.map(([names, help]) => `  ${names.padEnd(width)}  ${help}\n`).join('')
}
