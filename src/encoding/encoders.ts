import type { DataObject } from '../pipes/proxy.ts'
import { stringifyJson } from './json.ts'
import { encodeXml } from './xml-encoder.ts'
import { encodeYaml } from './yaml-encoder.ts'

/** Writes an endpoint's data for the client (specification: core 5.2). */
export interface Encoder {
  /** The answer's `Content-Type`. */
  readonly contentType: string
  /** @param data null when the only backend answered `null` */
  encode(data: DataObject | null): string
  /**
   * The encoder for a request that has this `Accept` header (null: none). Absent where the request does not matter, so
   * that only endpoints that negotiate look at the header.
   */
  negotiate?(accept: string | null): Encoder
}

/**
 * The encoder for an endpoint's `output_encoding`. An unknown name takes the encoder named like the encoding of the
 * endpoint's only backend, else JSON.
 * @param singleBackendEncoding undefined when the endpoint has several backends
 */
export function createEncoder(outputEncoding: string, singleBackendEncoding: string | undefined): Encoder {
  return ENCODERS.get(outputEncoding) ?? ENCODERS.get(singleBackendEncoding ?? '') ?? JSON_OBJECT
}

const JSON_TYPE = 'application/json; charset=utf-8'

const JSON_OBJECT: Encoder = { contentType: JSON_TYPE, encode: stringifyJson }

const JSON_COLLECTION: Encoder = {
  contentType: JSON_TYPE,
  encode: (data) => stringifyJson(ownMember(data, 'collection') ?? []),
}

const TEXT: Encoder = {
  contentType: 'text/plain; charset=utf-8',
  encode: (data) => {
    const content = ownMember(data, 'content')
    return typeof content === 'string' ? content : ''
  },
}

const XML: Encoder = { contentType: 'application/xml', encode: encodeXml }

const YAML: Encoder = { contentType: 'application/yaml; charset=utf-8', encode: encodeYaml }

const NEGOTIATED = new Map<string, Encoder>([
  ['application/json', JSON_OBJECT],
  ['application/xml', XML],
  ['text/plain', YAML],
  ['application/x-yaml', YAML],
  ['*/*', JSON_OBJECT],
])

const NEGOTIATE: Encoder = { ...JSON_OBJECT, negotiate: negotiateEncoder }

const ENCODERS = new Map<string, Encoder>([
  ['json', JSON_OBJECT],
  ['json-collection', JSON_COLLECTION],
  ['string', TEXT],
  ['xml', XML],
  ['yaml', YAML],
  ['negotiate', NEGOTIATE],
])

/** The first entry of an `Accept` header that has an encoder wins, whatever its quality says; JSON without one. */
function negotiateEncoder(accept: string | null): Encoder {
  if (accept === null || accept === '' || accept === '*/*') return JSON_OBJECT
  for (const entry of accept.split(',')) {
    const end = entry.indexOf(';')
    const encoder = NEGOTIATED.get((end === -1 ? entry : entry.slice(0, end)).trim().toLowerCase())
    if (encoder !== undefined) return encoder
  }
  return JSON_OBJECT
}

function ownMember(data: DataObject | null, name: string) {
  return data !== null && Object.hasOwn(data, name) ? data[name] : undefined
}
