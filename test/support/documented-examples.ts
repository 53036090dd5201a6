import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A request on a page, and the answer that is shown below it. */
export interface Try {
  /** The line as it stands on the page. */
  readonly command: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Null where the page shows the body alone. */
  readonly status: number | null
  /** The header fields that the page shows; the answer may have more. */
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
}

/** An example of the documentation; one without files lies in `examples/`. */
export interface DocumentedExample {
  readonly name: string
  readonly files: { readonly path: string; readonly text: string }[]
  readonly tries: Try[]
}

const BLOCK = /^<!-- example: ([\w-]+), (?:file: (\S+)|try) -->\n```\w+\n([\s\S]*?)^```$/gm
const MARK = /<!-- example: [\w-]+,/g

/** Reads the blocks that a page marks: `<!-- example: NAME, file: PATH -->` or `<!-- example: NAME, try -->` before a fence. */
export function examplesIn(page: string): DocumentedExample[] {
  const examples = new Map<string, DocumentedExample>()
  let blocks = 0
  for (const [, name = '', path, text = ''] of page.matchAll(BLOCK)) {
    blocks++
    const example = examples.get(name) ?? { name, files: [], tries: [] }
    examples.set(name, example)
    if (path === undefined) example.tries.push(...triesIn(text))
    else example.files.push({ path, text })
  }
  const marks = page.match(MARK)?.length ?? 0
  if (marks !== blocks) throw new Error(`${marks} blocks are marked, ${blocks} can be read`)
  return [...examples.values()]
}

/** Writes the files of an example. */
export function writeExample({ files }: DocumentedExample, folder: string): void {
  for (const { path, text } of files) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}

function triesIn(text: string): Try[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return readTry(part.slice(0, end), part.slice(end + 1).trimEnd())
    })
}

function readTry(command: string, shown: string): Try {
  const { target, headers, withHead } = readCurl(command)
  if (!withHead) return { command, target, headers, status: null, fields: [], body: shown }
  const end = shown.indexOf('\n\n')
  const blank = end === -1 ? shown.length : end // without a body nothing follows the head
  const [first = '', ...lines] = shown.slice(0, blank).split('\n')
  const fields = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const)
  return { command, target, headers, status: Number(first.split(' ')[1]), fields, body: shown.slice(blank + 2) }
}

function readCurl(command: string) {
  const words = Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '')
  const headers: Record<string, string> = {}
  let target = ''
  let withHead = false
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '-i') withHead = true
    else if (word === '-H') {
      const [name = '', value = ''] = (words[++i] ?? '').split(': ')
      headers[name] = value
    } else if (word.startsWith('http://localhost:8080/')) target = word.slice('http://localhost:8080'.length)
    else throw new Error(`what is ${word} in: ${command}`)
  }
  if (words[0] !== 'curl' || target === '') throw new Error(`no request: ${command}`)
  return { target, headers, withHead }
}
