import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { DecodeError } from './decode-error.ts'
import { parseJsonBytes, parseJsonTexts } from './json.ts'

/**
 * Turns the body of an upstream's answer into an object; null when the upstream said `null`. Throws `DecodeError`, or
 * rejects with it. Encodings whose library is still being loaded answer with a promise, all others at once.
 */
export type Decoder = (body: Buffer) => DataObject | null | Promise<DataObject | null>

type SyncDecoder = (body: Buffer) => DataObject | null

/**
 * The decoder for a backend's `encoding`; an unknown name decodes JSON (specification: core 5.1).
 * @param isCollection the upstream answers a list, which goes under the key `collection`
 * @param numberTexts whether numbers keep the text that they were written as
 */
export function createDecoder(name: string, isCollection: boolean, numberTexts = false): Decoder {
  const parse = numberTexts ? parseJsonTexts : parseJsonBytes
  switch (name) {
    case 'safejson':
      return (body) => decodeSafeJson(body, parse)
    case 'string':
      return decodeString
    case 'xml':
      return loading(import('./xml-decoder.ts').then((module) => module.createXmlDecoder(isCollection)))
    case 'rss':
      return loading(import('./feed-decoder.ts').then((module) => module.decodeFeed))
    case 'no-op':
      return decodeNothing
    default:
      return isCollection ? (body) => decodeJsonList(body, parse) : (body) => decodeJsonObject(body, parse)
  }
}

/** Answers with a promise until the decoder is there. */
function loading(decoder: Promise<SyncDecoder>): Decoder {
  let loaded: SyncDecoder | null = null
  decoder.then(
    (decode) => {
      loaded = decode
    },
    () => {}, // each request that waits gets the rejection
  )
  return (body) => (loaded === null ? decoder.then((decode) => decode(body)) : loaded(body))
}

type Parse = (body: Buffer) => DataValue

function decodeJsonObject(body: Buffer, parse: Parse): DataObject | null {
  const value = parseBody(body, 'json', parse)
  if (isDataObject(value) || value === null) return value
  throw new DecodeError('json', `expected an object, got ${kindOf(value)}${hintFor(value)}`)
}

function decodeJsonList(body: Buffer, parse: Parse): DataObject {
  const value = parseBody(body, 'json', parse)
  if (Array.isArray(value)) return { collection: value }
  throw new DecodeError('json', `expected an array because of is_collection, got ${kindOf(value)}`)
}

function decodeSafeJson(body: Buffer, parse: Parse): DataObject {
  const value = parseBody(body, 'safejson', parse)
  if (isDataObject(value)) return value
  return Array.isArray(value) ? { collection: value } : { content: value }
}

function decodeString(body: Buffer): DataObject {
  return { content: body.toString('utf8') }
}

/** A raw answer under an endpoint that decodes adds nothing (specification: core 5.3). */
function decodeNothing(): DataObject {
  return {}
}

function parseBody(body: Buffer, encoding: string, parse: Parse): DataValue {
  if (body.length === 0) throw new DecodeError(encoding, 'the body is empty')
  try {
    return parse(body)
  } catch (error) {
    const problem = error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message
    throw new DecodeError(encoding, problem, error)
  }
}

function kindOf(value: DataValue): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (isDataObject(value)) return 'an object'
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`
}

function hintFor(value: DataValue): string {
  return Array.isArray(value) ? ' (set is_collection, or encoding safejson)' : ''
}
