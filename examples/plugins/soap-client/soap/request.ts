import { type ClientRequest, HttpError, type PluginContext } from 'loligo/plugin'
import { isXmlText } from './xml.ts'

/** What a request to the service is made of. */
export interface RequestOptions {
  readonly operation: string
  readonly namespace: string
  /** Whether parameters are in the namespace of the operation (`elementFormDefault="qualified"`). */
  readonly qualified: boolean
  /** From an element, dotted where it lies in another one, to where its value comes from. */
  readonly parameters: Readonly<Record<string, string>>
  /** Those of them that must have a value. */
  readonly required: readonly string[]
}

/** An element of the envelope: one with a value, or one with others in it. */
type Part = { readonly name: string } & ({ readonly read: Reader } | { readonly parts: Part[] })
type Reader = (request: ClientRequest, context: PluginContext, body: unknown) => unknown

const NAME = /^[\p{L}_][\p{L}\p{M}\p{N}_.·-]*$/u
const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/'

/**
 * Compiles the envelope. The function that it gives answers 400 (HttpError) when a request lacks what is required or has
 * what cannot be written.
 * @throws Error for names that are none
 */
export function compileRequest(
  options: RequestOptions,
): (request: ClientRequest, context: PluginContext) => Promise<string> {
  const { operation, qualified } = options
  const parts = toParts(options.parameters)
  const readers = Object.entries(options.parameters).map(([name, source]) => ({ name, read: compileSource(source) }))
  const needed = options.required.map((name) => {
    const reader = readers.find((each) => each.name === name)
    if (reader === undefined) throw new Error(`"required" names ${name}, which is no parameter`)
    return reader
  })
  const wantsBody = Object.values(options.parameters).some((source) => /^body(\.|$)/.test(source))
  const queries = Object.values(options.parameters).filter((source) => source.startsWith('query.'))
  const tag = qualified ? operation : `op:${operation}`
  const declaration = `${qualified ? 'xmlns' : 'xmlns:op'}="${escape(options.namespace)}"`
  const head = `<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="${ENVELOPE}"><soap:Body><${tag} ${declaration}>`
  const foot = `</${tag}></soap:Body></soap:Envelope>`

  return async (request, context) => {
    const body = wantsBody ? await readBody(request) : null
    const missing = needed.filter(({ name, read }) => toTexts(name, read(request, context, body)).length === 0)
    if (missing.length > 0) throw badRequest(`missing: ${missing.map(({ name }) => name).join(', ')}`)
    const xml = head + write(parts, (read, name) => toTexts(name, read(request, context, body))) + foot
    for (const source of queries) request.query.delete(source.slice('query.'.length))
    return xml
  }
}

/** Neighbours with the same first name lie in one element. */
function toParts(parameters: Readonly<Record<string, string>>): Part[] {
  const root: Part[] = []
  for (const [path, source] of Object.entries(parameters)) {
    const names = path.split('.')
    const last = names.pop() ?? ''
    let level = root
    for (const name of [...names, last]) if (!NAME.test(name)) throw new Error(`"${path}" is no name of an element`)
    for (const name of names) {
      const before = level.at(-1)
      const parts = before?.name === name && 'parts' in before ? before.parts : []
      if (parts.length === 0) level.push({ name, parts })
      level = parts
    }
    level.push({ name: last, read: compileSource(source) })
  }
  return root
}

/** Elements without a value are left out, and so are those that would hold nothing else. */
function write(parts: readonly Part[], valuesOf: (read: Reader, name: string) => string[]): string {
  let xml = ''
  for (const part of parts) {
    const { name } = part
    if ('parts' in part) {
      const inner = write(part.parts, valuesOf)
      if (inner !== '') xml += `<${name}>${inner}</${name}>`
    } else for (const text of valuesOf(part.read, name)) xml += `<${name}>${escape(text)}</${name}>`
  }
  return xml
}

function compileSource(source: string): Reader {
  if (source.startsWith('=')) return () => source.slice(1)
  const [from = '', ...keys] = source.split('.')
  const name = keys.join('.')
  if (from === 'params') return (_, { params }) => params[name]
  if (from === 'query') return ({ query }) => query.getAll(name)
  if (from === 'header') return ({ headers }) => headers.get(name)
  return (_request, _context, body) => {
    let value = body
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Readonly<Record<string, unknown>>)[key]
    }
    return value
  }
}

/** Numbers stay the text that they are, whatever their length. */
async function readBody(request: ClientRequest): Promise<unknown> {
  const text = await request.text()
  if (text.trim() === '') return null
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? context?.source : value,
    )
  } catch {
    throw badRequest('the body is no JSON')
  }
}

/** A list gives several elements. */
function toTexts(name: string, value: unknown): string[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) return [toText(name, value)]
  return value.filter((item) => item !== null).map((item) => toText(name, item))
}

function toText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') throw badRequest(`${name} must be a text, a number, a boolean or a list of these`)
  if (!isXmlText(value)) throw badRequest(`${name} has a character that cannot be sent`)
  return value
}

function badRequest(error: string): HttpError {
  return new HttpError(400, { error })
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
}

function escape(text: string): string {
  return text.replace(/[&<>"'\r]/g, (character) => ESCAPES[character] ?? character)
}
