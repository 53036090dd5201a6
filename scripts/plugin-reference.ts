// Writes docs/reference/plugin-api.md from the doc comments of what `loligo/plugin` and `loligo/testing` export.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Declaration, type Doc, findDeclaration, type Member, type Module, readModule } from './declarations.ts'

const root = join(import.meta.dirname, '..')

/** Where the page belongs. */
export const REFERENCE_PAGE = join(root, 'docs/reference/plugin-api.md')

const ENTRIES = [
  { name: 'loligo/plugin', file: 'src/sdk/plugin.ts', about: 'What plugins import.' },
  {
    name: 'loligo/testing',
    file: 'src/testing/index.ts',
    about: 'What tests of plugins import; see [Testing plugins](../plugins/testing.md).',
  },
]

/** Names that stand in signatures and need no explanation here. */
const KNOWN = /^(?:Buffer|Promise|PromiseLike|Record|Map|Error|Response|URL|Iterable|AsyncIterable|IterableIterator)$/

/** Every exported name of both entries. */
export function exportedDeclarations(): readonly (readonly [entry: string, declarations: readonly Declaration[]])[] {
  return ENTRIES.map(({ name, file }) => {
    const module = readModule(join(root, file))
    return [name, [...module.origins.keys()].sort(byName).map((each) => declared(module, each))] as const
  })
}

/** The page as it should be. */
export function renderReference(): string {
  const seen = new Set<string>()
  const sections: string[] = []
  const shown: Declaration[] = []
  for (const [index, [entry, declarations]] of exportedDeclarations().entries()) {
    const own = declarations.filter(({ name }) => !seen.has(name))
    const above = declarations.filter(({ name }) => seen.has(name)).map(({ name }) => `[\`${name}\`](#${anchor(name)})`)
    for (const { name } of own) seen.add(name)
    shown.push(...own)
    const also = above.length === 0 ? '' : `\n\nAlso exported here: ${above.join(', ')}, as above.`
    sections.push(
      `## \`${entry}\`\n\n${ENTRIES[index]?.about}${also}\n\n${tableOf(own)}`,
      ...own.map(renderDeclaration),
    )
  }
  const others = otherTypes(shown, seen)
  const intro = '## Other types\n\nThey stand in the signatures above, and cannot be imported.'
  if (others.length > 0) sections.push(intro, ...others.map(renderDeclaration))
  return `${[HEAD, ...sections].join('\n\n')}\n`
}

const HEAD = `# Reference of the plugin interface

<!-- Written by scripts/plugin-reference.ts from the doc comments of the source; a test compares it. -->

Every name that plugins and their tests can import, with its signature, what it is, and an example. To begin with, read
[Plugins](../plugins/README.md).`

function declared(module: Module, name: string): Declaration {
  const declaration = findDeclaration(module, name)
  if (declaration === null) throw new Error(`${name} is exported and not declared`)
  return declaration
}

function tableOf(declarations: readonly Declaration[]): string {
  const rows = declarations.map(
    ({ name, sort, doc }) => [`[\`${name}\`](#${anchor(name)})`, sort, firstSentence(doc)] as const,
  )
  const [first, second] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 6)) as [
    number,
    number,
  ]
  const line = (a: string, b: string, c: string) => `| ${a.padEnd(first)} | ${b.padEnd(second)} | ${c} |`
  return [
    line('Name', '', 'What it is'),
    line('-'.repeat(first), '-'.repeat(second), '---'),
    ...rows.map((row) => line(...row)),
  ].join('\n')
}

/** A bar would end the cell. */
function firstSentence({ text }: Doc): string {
  const [sentence = ''] = /^.*?[.:](?=\s|$)/s.exec(text) ?? [text]
  return sentence.replaceAll('\n', ' ').replace(/:$/, '.').replaceAll('|', '\\|')
}

function renderDeclaration(declaration: Declaration): string {
  const { name, doc } = declaration
  const members = membersOf(declaration)
  const parts = [`### \`${name}\``, doc.text, fence(signatureOf(declaration, members)), ...doc.examples.map(exampleOf)]
  for (const member of members) {
    if (member.doc.text === '' && member.doc.examples.length === 0) continue
    parts.push(
      `**\`${member.name === 'new' ? `new ${name}` : member.name}\`** ${lead(member.doc.text)}`,
      ...member.doc.examples.map(exampleOf),
    )
  }
  return parts.filter((part) => part !== '').join('\n\n')
}

/** A list cannot follow a name on its line. */
function lead(text: string): string {
  return text.startsWith('- ') ? `\n\n${text}` : text
}

function signatureOf({ head, sort, name }: Declaration, members: readonly Member[]): string {
  if (sort === 'type' || sort === 'function') return head
  const body = members.map(({ signature }) => indent(sort === 'const' ? `${name}.${signature}` : signature))
  if (sort === 'const') return body.map((line) => line.trim()).join('\n')
  return `${head} {\n${body.join('\n')}\n}`
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}

/** With those of the classes that it extends, the constructor first. */
function membersOf({ head, members, module }: Declaration): readonly Member[] {
  const base = /^(?:abstract )?class \w+ extends (\w+)/.exec(head)?.[1]
  const inherited = base === undefined ? null : findDeclaration(module, base)
  const keyOf = ({ name, signature }: Member) => `${signature.startsWith('static ')} ${name}`
  const isOwn = (member: Member) => members.some((own) => keyOf(own) === keyOf(member))
  const all = [...members, ...(inherited === null ? [] : membersOf(inherited).filter((member) => !isOwn(member)))]
  const told = all.filter(({ signature }) => signature !== 'new ()')
  return told.sort((a, b) => Number(b.name === 'new') - Number(a.name === 'new'))
}

function exampleOf(code: string): string {
  return fence(code)
}

function fence(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

/** Interfaces and types that signatures name, and that are not exported, with those that they name in turn. */
function otherTypes(from: readonly Declaration[], seen: Set<string>): Declaration[] {
  const found: Declaration[] = []
  const waiting = [...from]
  for (let declaration = waiting.shift(); declaration !== undefined; declaration = waiting.shift()) {
    const text = [declaration.head, ...membersOf(declaration).map(({ signature }) => signature)].join('\n')
    for (const [name] of text.replaceAll(/\/\*\*.*?\*\//gs, '').matchAll(/\b[A-Z]\w+\b/g)) {
      if (seen.has(name) || KNOWN.test(name)) continue
      const other = findDeclaration(declaration.module, name, 'interface|type')
      if (other === null || other.doc.internal || other.doc.text === '') continue
      seen.add(name)
      found.push(other)
      waiting.push(other)
    }
  }
  return found.sort((a, b) => byName(a.name, b.name))
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en')
}

function anchor(name: string): string {
  return name.toLowerCase()
}

if (import.meta.main) writeFileSync(REFERENCE_PAGE, renderReference())
