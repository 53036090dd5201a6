// Reads exported declarations with their doc comments from our sources. It goes by the form that the formatter gives them
// (declarations at the margin, members two blanks in), and throws where that does not hold.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** What a doc comment says. */
export interface Doc {
  /** Paragraphs, as Markdown. */
  readonly text: string
  readonly examples: readonly string[]
  readonly internal: boolean
}

export interface Member {
  readonly name: string
  /** Lines without comments and without bodies, at the margin. */
  readonly signature: string
  readonly doc: Doc
}

export interface Declaration {
  readonly name: string
  readonly sort: 'class' | 'interface' | 'type' | 'function' | 'const'
  readonly doc: Doc
  /** The first line up to the brace for what has members, else all of it. */
  readonly head: string
  readonly members: readonly Member[]
  /** Where its names come from. */
  readonly module: Module
}

/** A source file. */
export interface Module {
  readonly file: string
  readonly lines: readonly string[]
  /** Name → file that it is imported or exported from. */
  readonly origins: ReadonlyMap<string, string>
}

const SORTS = 'class|interface|type|function|const'

const modules = new Map<string, Module>()

export function readModule(file: string): Module {
  const known = modules.get(file)
  if (known !== undefined) return known
  const text = readFileSync(file, 'utf8')
  const origins = new Map<string, string>()
  for (const [, names = '', from = ''] of text.matchAll(/^(?:im|ex)port (?:type )?\{([^}]*)\} from '(\.[^']*)'/gm)) {
    for (const name of names.split(',')) origins.set(name.trim().replace(/^type /, ''), resolve(dirname(file), from))
  }
  origins.delete('')
  const module = { file, lines: text.split('\n'), origins }
  modules.set(file, module)
  return module
}

/** The declaration that a module has of a name, or imports; null when it is none of ours. */
export function findDeclaration(module: Module, name: string, sorts = SORTS): Declaration | null {
  const start = new RegExp(`^(?:export )?(?:abstract |async )?(?:${sorts}) ${name}\\b`)
  const at = module.lines.findIndex((line) => start.test(line))
  if (at !== -1) return readDeclaration(module, at, name)
  const origin = module.origins.get(name)
  return origin === undefined ? null : findDeclaration(readModule(origin), name, sorts)
}

function readDeclaration(module: Module, at: number, name: string): Declaration {
  const { lines } = module
  const sort = /(class|interface|type|function|const) /.exec(lines[at] ?? '')?.[1] as Declaration['sort']
  const doc = readDoc(docAbove(lines, at))
  const common = { name, sort, doc, module }
  if (sort === 'function') return { ...common, head: readFunction(lines, at, name), members: [] }
  const first = (lines[at] ?? '').replace(/^export /, '')
  const end = lines.findIndex((line, i) => i > at && (line === '' || /^(export|type|interface|\/\*\*)/.test(line)))
  if (sort === 'type' || !first.endsWith('{')) {
    return { ...common, head: plain([first, ...lines.slice(at + 1, end)]), members: [] }
  }
  const close = lines.findIndex((line, i) => i >= at && /^\}/.test(line))
  if (close === -1) throw new Error(`${module.file}: what is ${first}`)
  return { ...common, head: first.slice(0, -2), members: readMembers(lines.slice(at + 1, close), sort) }
}

/** All overloads; of a single function its head. */
function readFunction(lines: readonly string[], at: number, name: string): string {
  const heads: string[] = []
  let single = ''
  for (let i = at; i < lines.length; i++) {
    if (!new RegExp(`^(export )?(async )?function ${name}\\b`).test(lines[i] ?? '')) continue
    const end = lines.findIndex(
      (line, k) => k >= i && (/ \{$/.test(line) || !/[(,|&{:]$/.test(line)) && isHeadEnd(line),
    )
    const head = lines
      .slice(i, end + 1)
      .join('\n')
      .replace(/^export (async )?/, '')
    if (head.endsWith(' {')) single = head.slice(0, -2)
    else heads.push(head)
  }
  return heads.length > 0 ? heads.join('\n') : withoutDefaults(single)
}

const isHeadEnd = (line: string): boolean => /^(\)|export|function)/.test(line)

/** Lines of the doc comment that ends above a line, without its marks. */
function docAbove(lines: readonly string[], at: number): readonly string[] {
  let end = at - 1
  while (/^\s*\/\//.test(lines[end] ?? '')) end-- // what is said to the linter
  if (!/\*\/$/.test(lines[end] ?? '')) return []
  let start = end
  while (!/^\s*\/\*\*/.test(lines[start] ?? '')) start--
  return lines.slice(start, end + 1).map((line) => line.replace(/^\s*(\/\*\* ?|\*\/|\* ?)/, '').replace(/ ?\*\/$/, ''))
}

const TAG = /^@(\w+) ?(.*)$/
const SENTENCES: Readonly<Record<string, (text: string) => string>> = {
  param: (text) => text.replace(/^(\w+) /, '- `$1`: '),
  returns: (text) => ended(`Returns ${text}`),
  throws: (text) => ended(`Throws ${text}`),
}

const ended = (text: string): string => (text.endsWith('.') ? text : `${text}.`)

function readDoc(lines: readonly string[]): Doc {
  const parts: { tag: string; lines: string[] }[] = [{ tag: '', lines: [] }]
  for (const line of lines) {
    const [, tag, rest = ''] = TAG.exec(line) ?? []
    if (tag === undefined) parts.at(-1)?.lines.push(line)
    else parts.push({ tag, lines: rest === '' ? [] : [rest] })
  }
  const said = parts.filter(({ tag }) => tag !== 'example' && tag !== 'internal')
  const texts = said.map(({ tag, lines: own }) => (SENTENCES[tag] ?? String)(own.join('\n').trim()))
  const isItem = (text: string) => text.startsWith('- ')
  const joined = texts
    .filter((text) => text !== '')
    .reduce(
      (all, text) => (all === '' ? text : `${all}${isItem(text) && /(^|\n)- .*$/.test(all) ? '\n' : '\n\n'}${text}`),
      '',
    )
  return {
    text: joined.replaceAll(/\s\(specification: [^)]*\)/g, '').trim(),
    examples: parts.filter(({ tag }) => tag === 'example').map(({ lines: own }) => own.join('\n').trim()),
    internal: parts.some(({ tag }) => tag === 'internal'),
  }
}

function readMembers(lines: readonly string[], sort: Declaration['sort']): Member[] {
  const members: Member[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (!MEMBER.test(line)) continue
    const end = memberEnd(lines, i)
    const doc = readDoc(docAbove(lines, i))
    const signature = signatureOf(lines.slice(i, end + 1), sort)
    const name = /^(?:static |readonly |get |set )*([\w[\].]+)/.exec(signature)?.[1] ?? ''
    if (!doc.internal && !HIDDEN.test(line)) members.push({ name, signature, doc })
    i = end
  }
  return joinAccessors(members)
}

const MEMBER = /^ {2}[\w#*[]/
const HIDDEN =
  /^ {2}(?:(?:readonly|async|static) )*\*?(?:#|private |protected |override name\b|\[Symbol\.asyncIterator\])/

/** The last line of a member, its body included. */
function memberEnd(lines: readonly string[], at: number): number {
  const next = lines.findIndex((line, i) => i > at && (MEMBER.test(line) || /^ {2}\/[*/]/.test(line)))
  let end = next === -1 ? lines.length - 1 : next - 1
  while (end > at && (lines[end] ?? '') === '') end--
  return end
}

function signatureOf(lines: readonly string[], sort: Declaration['sort']): string {
  if (sort === 'const') return constSignature(lines)
  const own = lines.map((line) => line.replace(/^ {2}/, ''))
  if (sort === 'interface') return plain(own)
  const body = own.findIndex((line) => / \{$/.test(line) && /^(\)|\S.*\))/.test(line))
  if (body === -1) return fieldType(plain(own))
  const head = plain(own.slice(0, body + 1)).replace(/ \{$/, '')
  return withoutDefaults(head.replace(/^((?:static )?)(?:async )?\*?/, '$1').replace(/^constructor/, 'new '))
}

/** What a field begins as is told by its type alone. */
function fieldType(text: string): string {
  const field = text.replace(/^override /, '')
  const [, typed] = /^((?:readonly )?\w+: .*?) = [^=>]*$/s.exec(field) ?? []
  if (typed !== undefined) return typed
  const [, name, value = ''] = /^((?:readonly )?\w+) = (.*)$/s.exec(field) ?? []
  if (name === undefined) return field
  return `${name}: ${/^(true|false)$/.test(value) ? 'boolean' : /^['`"]/.test(value) ? 'string' : 'number'}`
}

/** A getter with its setter is a property, one without is a property that can be read. */
function joinAccessors(members: readonly Member[]): Member[] {
  return members.flatMap((member) => {
    if (member.signature.startsWith('set ')) return []
    if (!member.signature.startsWith('get ')) return [member]
    const setter = members.find(({ name, signature }) => name === member.name && signature.startsWith('set '))
    const signature = member.signature.replace(/^get (\w+)\(\)/, setter === undefined ? 'readonly $1' : '$1')
    const text = [member.doc.text, setter?.doc.text ?? ''].filter((each) => each !== '').join(' ')
    return [{ ...member, signature, doc: { ...member.doc, text } }]
  })
}

/** `Duration: ({ minimum = 0, … }: DurationOptions = {}) =>` is told as a method. */
function constSignature(lines: readonly string[]): string {
  const text = lines.join(' ').replaceAll(/\s+/g, ' ').trim()
  const [, name, given = '', result = ''] = /^(\w+): (.*?\))(: [^=]+?)? =>/.exec(text) ?? []
  if (name === undefined) throw new Error(`what is ${text}`)
  return `${name}${withoutDefaults(given.replace('( ', '(').replace(/, \)$/, ')'))}${result}`
}

/** Parameters with a default are told as optional, those that are taken apart as `options`. */
function withoutDefaults(text: string): string {
  return text
    .replaceAll(/\{[^{}:]*\}: (\w+)/g, 'options: $1')
    .replaceAll(
      /(\w+): (\{[^{}]*\}|[^=,(){}]+) = (?:\{\}|\[\]|''|null|-?[\d.]+|new \w+\(\)|[\w.]+)(?=[,)\n])/g,
      '$1?: $2',
    )
    .replaceAll(/([(,]\s*)(\w+) = ''/g, '$1$2?: string')
    .replaceAll(/([(,]\s*)(\w+) = -?\d+/g, '$1$2?: number')
}

function plain(lines: readonly string[]): string {
  return lines.join('\n').trim()
}
