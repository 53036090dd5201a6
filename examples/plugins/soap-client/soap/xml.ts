/** An element, its name without prefix. */
export interface XmlElement {
  readonly name: string
  /** Without declarations of namespaces and what XML Schema says about an instance. */
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly children: XmlElement[]
  /** All its own text, however it is interrupted. */
  text: string
  /** `xsi:nil`: it says that there is no value. */
  readonly nil: boolean
}

/** What was given is not well-formed, or more than is read here. */
export class XmlError extends Error {
  override name = 'XmlError'
}

const MAX_DEPTH = 100
const MAX_ELEMENTS = 100_000
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

const NAME = '[\\p{L}_:][\\p{L}\\p{M}\\p{N}_:.·-]*'
const START_TAG = new RegExp(`<(${NAME})`, 'uy')
const ATTRIBUTE = new RegExp(`[ \\t\\n]+(${NAME})[ \\t\\n]*=[ \\t\\n]*(?:"([^"<]*)"|'([^'<]*)')`, 'uy')
const START_TAG_END = /[ \t\n]*(\/?)>/y
const END_TAG = new RegExp(`</(${NAME})[ \\t\\n]*>`, 'uy')
const REFERENCE = /&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos));|&/g
const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
/** Characters that no document may have (XML 1.0, section 2.2). */
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** Whether a text can stand in a document. */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text)
}

/**
 * Reads a document in one pass and without recursion, as much of XML as SOAP allows: no DTD, hence no entities but the
 * predefined ones.
 * @throws XmlError when it is not well-formed, deeper than 100 elements, or has more than 100 000
 */
export function readXml(source: string): XmlElement {
  const text = source.replace(/\r\n?/g, '\n')
  if (!isXmlText(text)) throw new XmlError('there is a character that XML does not allow')
  /** What is open, the innermost last; the first stands for the document. */
  const open: OpenElement[] = [{ tag: '', element: emptyElement('') }]
  const xsiPrefixes = new Set<string>()
  let elements = 0

  for (let at = 0; at < text.length; ) {
    const { tag, element } = open.at(-1) as OpenElement
    if (text[at] !== '<') {
      const end = indexOr(text, '<', at, text.length)
      element.text += expand(text.slice(at, end))
      at = end
    } else if (text.startsWith('<!--', at)) at = after(text, '-->', at + 4, 'a comment')
    else if (text.startsWith('<?', at)) at = after(text, '?>', at + 2, 'an instruction')
    else if (text.startsWith('<![CDATA[', at)) {
      const end = after(text, ']]>', at + 9, 'a CDATA section')
      element.text += text.slice(at + 9, end - 3)
      at = end
    } else if (text.startsWith('</', at)) {
      END_TAG.lastIndex = at
      if (open.length === 1) throw new XmlError('a tag ends what has not begun')
      if (END_TAG.exec(text)?.[1] !== tag) throw new XmlError(`<${tag}> is not closed properly`)
      at = END_TAG.lastIndex
      open.pop()
    } else if (text.startsWith('<!', at)) throw new XmlError('a DTD is not read')
    else {
      const started = readStartTag(text, at, xsiPrefixes)
      if (++elements > MAX_ELEMENTS) throw new XmlError(`there are more than ${MAX_ELEMENTS} elements`)
      if (open.length > MAX_DEPTH) throw new XmlError(`it is nested deeper than ${MAX_DEPTH} elements`)
      element.children.push(started.element)
      if (!started.empty) open.push(started)
      at = started.end
    }
  }
  if (open.length > 1) throw new XmlError(`<${open.at(-1)?.tag}> is not closed`)
  return rootOf((open[0] as OpenElement).element)
}

interface OpenElement {
  /** The name with its prefix. */
  readonly tag: string
  readonly element: XmlElement
}

interface StartTag extends OpenElement {
  readonly empty: boolean
  readonly end: number
}

function emptyElement(name: string, attributes: XmlElement['attributes'] = [], nil = false): XmlElement {
  return { name, attributes, children: [], text: '', nil }
}

function rootOf({ children, text }: XmlElement): XmlElement {
  const [root, ...others] = children
  if (root === undefined || others.length > 0) throw new XmlError('there must be one root element')
  if (text.trim() !== '') throw new XmlError('there is text beside the root element')
  return root
}

function readStartTag(text: string, from: number, xsiPrefixes: Set<string>): StartTag {
  START_TAG.lastIndex = from
  const tag = START_TAG.exec(text)?.[1]
  if (tag === undefined) throw new XmlError(`there is no name at ${JSON.stringify(text.slice(from, from + 20))}`)
  let at = START_TAG.lastIndex
  const all = new Map<string, string>()
  for (;;) {
    ATTRIBUTE.lastIndex = at
    const [, name = '', quoted, apostrophed = ''] = ATTRIBUTE.exec(text) ?? []
    if (name === '') break
    if (all.has(name)) throw new XmlError(`<${tag}> has the attribute ${name} twice`)
    const value = expand(quoted ?? apostrophed)
    all.set(name, value)
    if (value === XSI && name.startsWith('xmlns:')) xsiPrefixes.add(name.slice(6))
    at = ATTRIBUTE.lastIndex
  }
  START_TAG_END.lastIndex = at
  const end = START_TAG_END.exec(text)
  if (end === null) throw new XmlError(`the tag <${tag}> does not end`)
  const { attributes, nil } = sort(all, xsiPrefixes)
  return {
    tag,
    element: emptyElement(localName(tag), attributes, nil),
    empty: end[1] === '/',
    end: START_TAG_END.lastIndex,
  }
}

/** Takes apart what is data and what is about the document. */
function sort(
  all: ReadonlyMap<string, string>,
  xsiPrefixes: ReadonlySet<string>,
): Pick<XmlElement, 'attributes' | 'nil'> {
  const attributes: [string, string][] = []
  let nil = false
  for (const [name, value] of all) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    const local = localName(name)
    if (!xsiPrefixes.has(name.slice(0, -local.length - 1))) attributes.push([local, value])
    else if (local === 'nil') nil = value === 'true' || value === '1'
  }
  return { attributes, nil }
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}

function expand(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (reference, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return PREDEFINED[name] ?? ''
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    if (!(code <= 0x10ffff)) throw new XmlError(`there is an unknown entity or character (${reference})`)
    const character = String.fromCodePoint(code)
    if (!isXmlText(character)) throw new XmlError(`the character ${reference} is not allowed`)
    return character
  })
}

function after(text: string, mark: string, from: number, what: string): number {
  const index = text.indexOf(mark, from)
  if (index === -1) throw new XmlError(`${what} does not end`)
  return index + mark.length
}

function indexOr(text: string, mark: string, from: number, otherwise: number): number {
  const index = text.indexOf(mark, from)
  return index === -1 ? otherwise : index
}
