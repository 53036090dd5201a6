import { readFile } from 'node:fs/promises'
import { type Locator, nowhere } from './positions.ts'
import { explainJson, locateJson } from './read-json.ts'
import { explainToml, locateToml, parseToml } from './read-toml.ts'
import { explainYaml, locateYaml, parseYaml } from './read-yaml.ts'
import type { Finding } from './report.ts'

/** A step between reading and parsing, such as a template engine: gets the file's text and name, gives the text. */
export type Render = (text: string, file: string) => string | Promise<string>

/** What a file holds. */
export interface Document {
  readonly value: unknown
  /** Finds places in the text; made only when somebody asks, for it costs more than parsing. */
  locator(): Promise<Locator>
}

/** Reads and parses a configuration file; a finding tells why that is not possible. */
export async function readDocument(file: string, render: Render | undefined): Promise<Document | Finding> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    return { code: 'CONFIG_FILE_UNREADABLE', path: [], message: `open ${file}: ${reasonOf(error)}` }
  }
  if (render !== undefined) {
    try {
      text = await render(text, file)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { code: 'CONFIG_RENDER_FAILED', path: [], message }
    }
  }
  return parseDocument(file, text.startsWith('\ufeff') ? text.slice(1) : text)
}

/** Parses by the extension of the name: YAML, TOML, else JSON (specification: operations 2.1). */
export async function parseDocument(file: string, text: string): Promise<Document | Finding> {
  const name = file.toLowerCase()
  if (name.endsWith('.yml') || name.endsWith('.yaml')) {
    try {
      return { value: await parseYaml(text), locator: () => locateYaml(text) }
    } catch (error) {
      return explainYaml(text, error)
    }
  }
  if (name.endsWith('.toml')) {
    try {
      return { value: await parseToml(text), locator: () => Promise.resolve(locateToml(text)) }
    } catch (error) {
      return explainToml(error)
    }
  }
  try {
    return { value: JSON.parse(text), locator: () => locateJson(text) }
  } catch (error) {
    return explainJson(text, error)
  }
}

/** A document that never was a text. */
export function documentOf(value: unknown): Document {
  return { value, locator: () => Promise.resolve(nowhere) }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? error.message
}
