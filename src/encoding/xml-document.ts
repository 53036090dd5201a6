import { parseXml, type XmlElement } from '@rgrove/parse-xml'
import { DecodeError } from './decode-error.ts'

/** Deeper documents are refused: everything that walks over them would need as much stack. */
const MAX_DEPTH = 512
const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} elements`

/** How a document is read beyond what XML says. */
export interface XmlOptions {
  /** The name of the encoding, for messages. */
  readonly encoding: string
  /** The text of a named entity that XML does not define, given with `&` and `;`; without it such entities fail. */
  readonly resolveEntity?: (entity: string) => string | undefined
}

/**
 * Reads a document and gives its root element. Entities of a DTD are not expanded and nothing external is read.
 * @throws DecodeError when it is not well-formed, nested too deeply, or in a charset nobody knows
 */
export function parseXmlDocument(body: Buffer, options: XmlOptions): XmlElement {
  const { encoding, resolveEntity } = options
  const text = decodeCharset(body, encoding)
  let root: XmlElement | null
  try {
    root = parseXml(text, resolveEntity === undefined ? {} : { resolveUndefinedEntity: resolveEntity }).root
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const isStackOverflow = error instanceof RangeError && problem.includes('call stack')
    throw new DecodeError(encoding, isStackOverflow ? TOO_DEEP : problem, error)
  }
  if (root === null) throw new DecodeError(encoding, 'there is no root element')
  if (isTooDeep(root)) throw new DecodeError(encoding, TOO_DEEP)
  return root
}

/** The child elements in their order. */
export function elementsOf(element: XmlElement): XmlElement[] {
  const elements: XmlElement[] = []
  for (const child of element.children) if (isElement(child)) elements.push(child)
  return elements
}

/** Whether a node is an element, as opposed to text. */
export function isElement(node: { readonly type: string }): node is XmlElement {
  return node.type === 'element'
}

/** The name without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function isTooDeep(root: XmlElement): boolean {
  let level = [root]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap(elementsOf)
  }
  return false
}

// A byte order mark decides, else the prolog, else it is UTF-8 (XML 1.0, appendix F).
const DECLARED_CHARSET = /^<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']/
const PROLOG_BYTES = 256

function decodeCharset(body: Buffer, encoding: string): string {
  if (body[0] === 0xff && body[1] === 0xfe) return new TextDecoder('utf-16le').decode(body)
  if (body[0] === 0xfe && body[1] === 0xff) return new TextDecoder('utf-16be').decode(body)
  const declared = DECLARED_CHARSET.exec(body.toString('latin1', 0, Math.min(PROLOG_BYTES, body.length)))?.[1]
  const label = declared?.toLowerCase() ?? 'utf-8'
  // What declares UTF-16 in ASCII characters is not in UTF-16.
  if (label === 'utf-8' || label === 'utf8' || label.startsWith('utf-16')) return body.toString('utf8')
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(label)
  } catch (error) {
    throw new DecodeError(encoding, `the charset "${label}" of its prolog is not supported`, error)
  }
  return decoder.decode(body)
}
