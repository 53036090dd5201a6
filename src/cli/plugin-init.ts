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
  language: { kind: 'string', short: 'l', value: 'LANGUAGE', help: 'ts (the default), js or go' },
  dir: { kind: 'string', value: 'DIR', help: 'Make the folder here (default: the working directory)' },
  name: { kind: 'string', short: 'n', value: 'NAME', help: 'The name, in place of the second word' },
  kind: {
    kind: 'string',
    short: 'k',
    value: 'KIND',
    help: 'The kind, in place of the first word (for go: server by default)',
  },
  type: { kind: 'string', short: 't', value: 'KIND', help: 'The same' },
} as const

/** Other words for the kinds: those of the configuration, and of the Go interface. */
const KINDS: Readonly<Record<string, PluginKind>> = {
  'http-server': 'server',
  handler: 'server',
  'req-resp-modifier': 'modifier',
  'http-client': 'client',
  ...Object.fromEntries(PLUGIN_KINDS.map((kind) => [kind, kind])),
}

type Language = PluginLanguage | 'go'

const LANGUAGES: Readonly<Record<string, Language>> = {
  ts: 'ts',
  typescript: 'ts',
  js: 'js',
  javascript: 'js',
  go: 'go',
  golang: 'go',
}

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
    const language = readLanguage(flags.language)
    const { kind, name } = readWords(flags, rest, language)
    const folder = join(flags.dir ?? '.', name)
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      err(`ERROR ${folder} is there already and not empty; nothing was written\n`)
      return 1
    }
    const files = await filesOf(kind, name, language)
    mkdirSync(folder, { recursive: true })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    out(report(folder, kind, Object.keys(files), language))
    return 0
  },
}

/** The templates are loaded here, for other commands need not wait for them. */
async function filesOf(kind: PluginKind, name: string, language: Language): Promise<Record<string, string>> {
  if (language === 'go') return (await import('./plugin-templates/go-files.ts')).goPluginFiles(kind, name)
  return (await import('./plugin-templates/files.ts')).pluginFiles(kind, name, language)
}

function readWords(
  flags: FlagValues<typeof FLAGS>,
  rest: readonly string[],
  language: Language,
): { kind: PluginKind; name: string } {
  const words = [...rest]
  const nameAlone = language === 'go' && words.length === 1 && flags.name === undefined && !isKind(words[0])
  const kind = flags.kind ?? flags.type ?? (nameAlone ? 'server' : words.shift())
  const name = flags.name ?? words.shift()
  if (words.length > 0) throw new UsageError(`what is "${words.join(' ')}"? A kind and a name were given already`)
  const kinds = PLUGIN_KINDS.join(', ')
  if (kind === undefined || kind === '') throw new UsageError(`a kind is required: one of ${kinds}`)
  if (name === undefined || name === '') throw new UsageError('a name is required: loligo plugin init KIND NAME')
  const known = isKind(kind) ? KINDS[kind] : undefined
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

function isKind(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(KINDS, word)
}

function readLanguage(language = 'ts'): Language {
  const word = language.toLowerCase()
  const known = Object.hasOwn(LANGUAGES, word) ? LANGUAGES[word] : undefined
  if (known !== undefined) return known
  throw new UsageError(
    `no plugin can be begun in "${language}": available are ts (TypeScript), js (JavaScript) and go (Go)`,
  )
}

function report(folder: string, kind: PluginKind, files: readonly string[], language: Language): string {
  if (language === 'go') {
    return `Wrote a ${kind} plugin in Go to ${resolve(folder)}: ${files.join(', ')}

  cd ${folder}
  go test                       # runs its tests
  loligo plugin build .         # compiles it to WebAssembly, after each change
  loligo run -c krakend.json    # then: curl -i http://localhost:8080/hello
`
  }
  return `Wrote a ${kind} plugin to ${resolve(folder)}: ${files.join(', ')}

  cd ${folder}
  loligo plugin test                    # runs its tests
  loligo run --watch -c krakend.json    # then: curl -i http://localhost:8080/hello
`
}
