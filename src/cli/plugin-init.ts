import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PLUGIN_KINDS } from '../plugins/registry.ts'
import type { PluginKind } from '../plugins/runtime.ts'
import type { Command } from './command.ts'
import { HELP_FLAG } from './command.ts'
import { type FlagValues, parseFlags, UsageError } from './flags.ts'
import { commandHelp } from './help.ts'
import type { PluginLanguage } from './plugin-templates/files.ts'

const FLAGS = {
  language: { kind: 'string', short: 'l', value: 'LANGUAGE', help: 'ts (the default) or js' },
  dir: { kind: 'string', value: 'DIR', help: 'Make the folder here (default: the working directory)' },
  name: { kind: 'string', short: 'n', value: 'NAME', help: 'The name, in place of the second word' },
  type: { kind: 'string', short: 't', value: 'KIND', help: 'The kind, in place of the first word' },
} as const

/** Other words for the kinds: those of the configuration, and of the Go interface. */
const KINDS: Readonly<Record<string, PluginKind>> = {
  'http-server': 'server',
  handler: 'server',
  'req-resp-modifier': 'modifier',
  'http-client': 'client',
  ...Object.fromEntries(PLUGIN_KINDS.map((kind) => [kind, kind])),
}

const LANGUAGES: Readonly<Record<string, PluginLanguage>> = { ts: 'ts', typescript: 'ts', js: 'js', javascript: 'js' }

/** `loligo plugin init`: writes a new plugin with its test, an example configuration and a page about it. */
export const pluginInit: Command = {
  name: 'plugin init',
  aliases: [],
  summary: 'Write a new plugin, with a test and an example',
  arguments: 'KIND NAME',
  flags: FLAGS,
  async run(args, { out, err }) {
    const { flags, rest } = parseFlags({ ...FLAGS, ...HELP_FLAG }, args)
    if (flags.help) {
      out(commandHelp(pluginInit))
      return 0
    }
    const { kind, name } = readWords(flags, rest)
    const language = readLanguage(flags.language)
    const folder = join(flags.dir ?? '.', name)
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      err(`ERROR ${folder} is there already and not empty; nothing was written\n`)
      return 1
    }
    const { pluginFiles } = await import('./plugin-templates/files.ts') // which other commands need not wait for
    mkdirSync(folder, { recursive: true })
    const files = pluginFiles(kind, name, language)
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    out(report(folder, kind, Object.keys(files)))
    return 0
  },
}

function readWords(flags: FlagValues<typeof FLAGS>, rest: readonly string[]): { kind: PluginKind; name: string } {
  const words = [...rest]
  const kind = flags.type ?? words.shift()
  const name = flags.name ?? words.shift()
  if (words.length > 0) throw new UsageError(`what is "${words.join(' ')}"? A kind and a name were given already`)
  const kinds = PLUGIN_KINDS.join(', ')
  if (kind === undefined || kind === '') throw new UsageError(`a kind is required: one of ${kinds}`)
  if (name === undefined || name === '') throw new UsageError('a name is required: loligo plugin init KIND NAME')
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (known === undefined) {
    const several = kind.includes(',') ? '; begin with one, a plugin may have several' : ''
    throw new UsageError(`unknown kind of plugin "${kind}": it is one of ${kinds}${several}`)
  }
  // It is the name of a folder and of a package, and stands in quotes in the sources.
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) {
    throw new UsageError(`"${name}" cannot be the name of a plugin here: write small letters, digits, ".", "_" and "-"`)
  }
  return { kind: known, name }
}

function readLanguage(language = 'ts'): PluginLanguage {
  const word = language.toLowerCase()
  const known = Object.hasOwn(LANGUAGES, word) ? LANGUAGES[word] : undefined
  if (known !== undefined) return known
  const go = word === 'go' || word === 'golang' ? '; Go sources of existing plugins are not written anew' : ''
  throw new UsageError(
    `no plugin can be begun in "${language}": available are ts (TypeScript) and js (JavaScript)${go}`,
  )
}

function report(folder: string, kind: PluginKind, files: readonly string[]): string {
  return `Wrote a ${kind} plugin to ${resolve(folder)}: ${files.join(', ')}

  cd ${folder}
  loligo plugin test                    # runs its tests
  loligo run --watch -c krakend.json    # then: curl -i http://localhost:8080/hello
`
}
