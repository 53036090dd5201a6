import { ExactNumber } from '../pipes/exact-number.ts'
import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'

/**
 * Writes data as XML (specification: core 5.2): members with a dash are attributes, `#text` is text, lists repeat their
 * element, null is an empty element, members are sorted. A single member names the root, else it is `doc`; a single
 * list of objects gives several roots, as in the reference.
 */
export function encodeXml(data: DataObject | null): string {
  if (data === null) return `<${DEFAULT_ROOT}/>`
  const names = Object.keys(data)
  const [name] = names
  if (names.length !== 1 || name === undefined || !canBeRoot(name, data[name])) return writeElement(DEFAULT_ROOT, data)
  return writeElement(name, data[name])
}

const DEFAULT_ROOT = 'doc'

/** Attributes and text need an element around them, and so do the items of a list that would stand side by side as text. */
function canBeRoot(name: string, value: DataValue | undefined): boolean {
  if (name.startsWith('-') || name === '#text') return false
  return !Array.isArray(value) || value.every((item) => isDataObject(item))
}

function writeElement(name: string, value: DataValue | undefined): string {
  const tag = elementName(name)
  if (Array.isArray(value)) {
    if (value.length === 0) return `<${tag}/>`
    let items = ''
    for (const item of value)
      items += Array.isArray(item) ? `<${tag}>${writeElement(name, item)}</${tag}>` : writeElement(name, item)
    return items
  }
  if (!isDataObject(value)) return close(tag, '', escapeText(scalarText(value)))
  let attributes = ''
  let content = ''
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member === undefined) continue
    if (key === '#text' && isScalar(member)) content += escapeText(scalarText(member))
    else if (key.length > 1 && key.startsWith('-') && isScalar(member)) {
      attributes += ` ${elementName(key.slice(1))}="${escapeAttribute(scalarText(member))}"`
    } else content += writeElement(key, member)
  }
  return close(tag, attributes, content)
}

function close(tag: string, attributes: string, content: string): string {
  return content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`
}

type Scalar = null | undefined | boolean | number | string | ExactNumber

function isScalar(value: DataValue | undefined): value is Scalar {
  return typeof value !== 'object' || value === null || value instanceof ExactNumber
}

function scalarText(value: Scalar): string {
  return value === null || value === undefined ? '' : String(value)
}

// XML 1.0, sections 2.2 and 2.3; at most one colon, since it means a prefix.
const NAME_START =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}'
const NAME_MORE = `${NAME_START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}`
const NAME = new RegExp(`^[${NAME_START}][${NAME_MORE}]*(?::[${NAME_START}][${NAME_MORE}]*)?$`, 'u')
const NO_NAME_CHARACTER = new RegExp(`^[^${NAME_START}]|[^${NAME_MORE}]`, 'gu')

/** A name as it is, or with what XML forbids in names written as `_xHHHH_` (the convention of ISO/IEC 9075-14). */
function elementName(name: string): string {
  if (NAME.test(name)) return name
  if (name === '') return '_'
  return name.replace(NO_NAME_CHARACTER, (character) => {
    return `_x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}_`
  })
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}
// Control characters other than tab and line ends, and two code points, have no place in a document.
const FORBIDDEN = /[\p{Cc}--[\t\n\r\x7f-\x9f]]|[\ufffe\uffff]/gv

function escapeText(text: string): string {
  return wellFormed(text).replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character)
}

function escapeAttribute(text: string): string {
  return wellFormed(text).replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character] ?? character)
}

function wellFormed(text: string): string {
  return text.toWellFormed().replace(FORBIDDEN, '\ufffd')
}
