import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command, Terminal } from './command.ts'
import { HELP_FLAG, unusedArguments } from './command.ts'
import { type FlagValues, parseFlags } from './flags.ts'
import { commandHelp } from './help.ts'

const FLAGS = {
  format: { kind: 'boolean', short: 'f', help: 'Write commands that mend what is incompatible; go.mod is read too' },
  go: { kind: 'string', short: 'g', value: 'VERSION', help: 'The Go version of the plugin (1.22.11)' },
  'go-version': { kind: 'string', short: 'v', value: 'VERSION', help: 'The same, as older versions call it' },
  libc: {
    kind: 'string',
    short: 'l',
    value: 'LIBC',
    help: 'The libc of the plugin (GLIBC-2.36, MUSL-1.2.5, DARWIN-24.0)',
  },
  sum: { kind: 'string', short: 's', value: 'FILE', help: 'The go.sum of the plugin (default: ./go.sum)' },
} as const

/**
 * `loligo check-plugin`: whether the modules of a Go plugin keep it from being loaded (specification: plugins 9.2). None
 * does here, for a plugin brings its own; so what is left is whether its go.sum can be read.
 */
export const checkPlugin: Command = {
  name: 'check-plugin',
  aliases: [],
  summary: 'Check what keeps a Go plugin from being loaded',
  flags: FLAGS,
  async run(args, terminal) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      terminal.out(commandHelp(checkPlugin))
      return 0
    }
    terminal.err(unusedArguments(rest))
    try {
      return report(flags, terminal)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      terminal.err(`${error.message}\n`)
      return 1
    }
  },
}

function report(flags: FlagValues<typeof FLAGS>, { err }: Terminal): number {
  const sum = flags.sum ?? './go.sum'
  const modules = modulesOf(readText(sum))
  if (flags.format) checkGoMod(join(dirname(sum), 'go.mod'))
  err(`${modules.size} modules in ${sum}: they become part of the plugin, so none must match the gateway's.\n`)
  const go = flags.go ?? flags['go-version']
  if (go !== undefined) err(`The Go version ${go} must not match either.\n`)
  if (flags.libc !== undefined) err(`Nor must the libc ${flags.libc}.\n`)
  err('No incompatibilities found!\n')
  return 0
}

class Unreadable extends Error {}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Unreadable(`open ${path}: ${reasonOf(error)}`)
  }
}

/** The reasons in the words of Go's system calls, which scripts look for. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file or directory'
  if (code === 'EACCES') return 'permission denied'
  return code === 'EISDIR' ? 'is a directory' : String(error)
}

/** The modules by name; a line is `MODULE VERSION HASH` or `MODULE VERSION/go.mod HASH`. */
function modulesOf(sum: string): Set<string> {
  const modules = new Set<string>()
  for (const line of sum.split('\n')) {
    const [name, version] = line.trim().split(/\s+/)
    if (name !== undefined && version !== undefined) modules.add(name)
  }
  return modules
}

function checkGoMod(path: string): void {
  let text: string
  try {
    text = readText(path)
  } catch (error) {
    throw error instanceof Unreadable ? new Unreadable(`reading go.mod: ${error.message}`) : error
  }
  if (!/^\s*module\s+\S/m.test(text)) throw new Unreadable(`parsing go.mod: ${path}: no module declaration`)
}
