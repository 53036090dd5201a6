import { HttpError, type PluginResponse } from 'loligo/plugin'
import { readXml, type XmlElement, XmlError } from './xml.ts'

/** What an answer of the service says. */
export type Json = null | string | Json[] | { [name: string]: Json }

const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i
const DECLARED = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/
const PROLOG_BYTES = 256

/**
 * Reads what the service answers: the elements in the body of the envelope, as JSON.
 * @param lists names of elements that are lists even where there is one
 *
 * Rejects with an HttpError: a fault that is the client's doing with 400, any other and all that is no answer with 502.
 */
export async function readAnswer(
  response: PluginResponse,
  maxBytes: number,
  lists: ReadonlySet<string>,
): Promise<Json> {
  const { status } = response
  const type = response.headers.get('content-type') ?? ''
  const bytes = await readUpTo(response, maxBytes)
  if (bytes.length === 0 && response.ok) return {}
  if (!/[/+]xml\b/i.test(type)) throw badGateway(`the SOAP service answered with status ${status} and no XML`)
  const body = bodyOf(decode(bytes, type))
  const fault = body.children.find(({ name }) => name === 'Fault')
  if (fault !== undefined) throw toError(fault)
  if (!response.ok) throw badGateway(`the SOAP service answered with status ${status}`)
  return toJson({ ...body, attributes: [] }, lists)
}

function bodyOf(text: string): XmlElement {
  let root: XmlElement
  try {
    root = readXml(text)
  } catch (error) {
    if (error instanceof XmlError) throw badGateway(`the answer of the SOAP service cannot be read: ${error.message}`)
    throw error
  }
  const body = root.name === 'Envelope' ? root.children.find(({ name }) => name === 'Body') : undefined
  if (body === undefined) throw badGateway('the SOAP service did not answer with an envelope')
  return body
}

/** SOAP 1.1, section 4.4. The detail may tell more than clients shall know: it stays here. */
function toError(fault: XmlElement): HttpError {
  const textOf = (wanted: string) => fault.children.find(({ name }) => name === wanted)?.text.trim() ?? ''
  const code = textOf('faultcode').replace(/^.*:/, '')
  const isClients = code === 'Client' || code.startsWith('Client.')
  return new HttpError(isClients ? 400 : 502, { error: 'SOAP fault', code, message: textOf('faultstring') })
}

/**
 * As the gateway's own encoding `xml` has it: members for elements, `-name` for attributes, `#text` for text beside
 * either, a list where an element repeats. Documents are not deep, so recursion is safe.
 */
function toJson({ attributes, children, text, nil }: XmlElement, lists: ReadonlySet<string>): Json {
  if (nil) return null
  const own = text.replace(/^[ \t\n]+|[ \t\n]+$/g, '')
  if (attributes.length === 0 && children.length === 0) return own
  // Without a prototype: any name is nothing but a name.
  const object: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of attributes) object[`-${name}`] = value
  for (const child of children) {
    const { name } = child
    const value = toJson(child, lists)
    const present = object[name]
    if (present === undefined) object[name] = lists.has(name) ? [value] : value
    else if (Array.isArray(present)) present.push(value)
    else object[name] = [present, value]
  }
  if (own !== '') object['#text'] = own
  return object
}

function decode(bytes: Uint8Array, type: string): string {
  const prolog = Buffer.from(bytes.subarray(0, PROLOG_BYTES)).toString('latin1')
  const charset = CHARSET.exec(type)?.[1] ?? DECLARED.exec(prolog)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch {
    throw badGateway(`the answer of the SOAP service is not in ${charset}`)
  }
}

async function readUpTo(response: PluginResponse, maxBytes: number): Promise<Uint8Array> {
  try {
    return await response.bytes({ maxBytes })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw badGateway(`the answer of the SOAP service has more than ${maxBytes} bytes`)
  }
}

function badGateway(error: string): HttpError {
  return new HttpError(502, { error })
}
