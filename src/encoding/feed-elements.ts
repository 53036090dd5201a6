import type { XmlElement } from '@rgrove/parse-xml'
import type { DataObject, DataValue } from '../pipes/proxy.ts'
import { setMember } from './set-member.ts'
import { elementsOf, isElement, localName } from './xml-document.ts'

/** What an element of a feed holds: text, or the markup inside it when it has child elements; trimmed. */
export function textOf(element: XmlElement): string {
  let text = ''
  const isMarkup = element.children.some(isElement)
  for (const child of element.children) {
    if (isElement(child)) text += markupOf(child)
    else if ('text' in child) text += isMarkup ? escapeText(child.text) : child.text
  }
  return text.trim()
}

/** A person from free text: `mail@example.com (Name)`, `Name <mail@example.com>`, or one of both. */
export function personOf(text: string): DataObject {
  const email = /[^\s<>()]+@[^\s<>()]+/.exec(text)?.[0] ?? ''
  const name = text
    .replace(email, '')
    .replace(/[<>()]/g, ' ')
    .trim()
  return withoutEmpty({ name, email: email.replace(/^mailto:/i, '') })
}

/** The members that hold something: no empty text, list or object, nothing undefined. */
export function withoutEmpty(members: Readonly<Record<string, DataValue | undefined>>): DataObject {
  const object: DataObject = {}
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue
    object[name] = value
  }
  return object
}

/** Child elements by lower-case local name; elements of extensions are not among them. */
export class FeedElement {
  readonly #children = new Map<string, XmlElement[]>()
  /** Elements of other namespaces as `{ prefix: { name: [{ name, value, attrs, children }] } }`. */
  readonly extensions: DataObject = {}

  constructor(element: XmlElement, namespaces: Namespaces) {
    for (const child of elementsOf(element)) {
      const prefix = namespaces.prefixOf(child)
      const name = localName(child.name)
      if (prefix === '') append(this.#children, name.toLowerCase(), child)
      else if (prefix === 'content') append(this.#children, `content:${name.toLowerCase()}`, child)
      else this.#addExtension(prefix, name, child)
    }
  }

  all(name: string): readonly XmlElement[] {
    return this.#children.get(name) ?? []
  }

  /** The text of the last element of that name, which wins in the reference; empty without one. */
  text(...names: string[]): string {
    for (const name of names) {
      const element = this.all(name).at(-1)
      const text = element === undefined ? '' : textOf(element)
      if (text !== '') return text
    }
    return ''
  }

  names(): Iterable<string> {
    return this.#children.keys()
  }

  #addExtension(prefix: string, name: string, element: XmlElement): void {
    if (!Object.hasOwn(this.extensions, prefix)) setMember(this.extensions, prefix, {})
    addExtension(this.extensions[prefix] as DataObject, name, element)
  }
}

/** What the prefixes of a document stand for. */
export class Namespaces {
  readonly #prefixes = new Map<string, string>()

  /** @param own the namespaces of the feed's own elements; the first elements of a document declare all others */
  constructor(root: XmlElement, own: readonly string[]) {
    for (const element of [root, ...elementsOf(root)]) {
      for (const [name, url] of Object.entries(element.attributes)) {
        if (!name.startsWith('xmlns:')) continue
        const prefix = name.slice('xmlns:'.length)
        this.#prefixes.set(prefix, own.includes(url) ? '' : (KNOWN_NAMESPACES.get(url.toLowerCase()) ?? prefix))
      }
    }
  }

  /** The usual prefix of the element's namespace, whatever the document calls it; empty for the feed's own. */
  prefixOf(element: XmlElement): string {
    const colon = element.name.indexOf(':')
    if (colon === -1) return ''
    const prefix = element.name.slice(0, colon)
    const known = this.#prefixes.get(prefix) ?? prefix
    return known === 'rss' || known === 'rdf' ? '' : known
  }
}

const KNOWN_NAMESPACES = new Map([
  ['http://purl.org/dc/elements/1.1/', 'dc'],
  ['http://purl.org/dc/terms/', 'dcterms'],
  ['http://www.itunes.com/dtds/podcast-1.0.dtd', 'itunes'],
  ['http://purl.org/rss/1.0/modules/content/', 'content'],
  ['http://search.yahoo.com/mrss', 'media'],
  ['http://search.yahoo.com/mrss/', 'media'],
  ['http://purl.org/rss/1.0/modules/syndication/', 'sy'],
  ['http://purl.org/rss/1.0/modules/slash/', 'slash'],
  ['http://wellformedweb.org/commentapi/', 'wfw'],
  ['http://purl.org/syndication/thread/1.0', 'thr'],
  ['http://www.georss.org/georss', 'georss'],
  ['http://www.w3.org/2003/01/geo/wgs84_pos#', 'geo'],
  ['http://rssnamespace.org/feedburner/ext/1.0', 'feedburner'],
  ['http://podlove.org/simple-chapters', 'psc'],
  ['http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdf'],
])

function append(map: Map<string, XmlElement[]>, name: string, element: XmlElement): void {
  const list = map.get(name)
  if (list === undefined) map.set(name, [element])
  else list.push(element)
}

function addExtension(group: DataObject, name: string, element: XmlElement): void {
  const present = Object.hasOwn(group, name) ? group[name] : undefined
  if (Array.isArray(present)) present.push(extensionOf(element))
  else setMember(group, name, [extensionOf(element)])
}

function extensionOf(element: XmlElement): DataObject {
  const attrs: DataObject = {}
  for (const name in element.attributes) setMember(attrs, localName(name), element.attributes[name] ?? '')
  const children: DataObject = {}
  let value = ''
  for (const child of element.children) {
    if (isElement(child)) addExtension(children, localName(child.name), child)
    else if ('text' in child) value += child.text
  }
  return { name: localName(element.name), value: value.trim(), attrs, children }
}

function markupOf(element: XmlElement): string {
  let attributes = ''
  for (const name in element.attributes) {
    attributes += ` ${name}="${escapeText(element.attributes[name] ?? '').replaceAll('"', '&quot;')}"`
  }
  if (element.children.length === 0) return `<${element.name}${attributes}/>`
  let content = ''
  for (const child of element.children) {
    if (isElement(child)) content += markupOf(child)
    else if ('text' in child) content += escapeText(child.text)
  }
  return `<${element.name}${attributes}>${content}</${element.name}>`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
