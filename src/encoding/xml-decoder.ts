import type { XmlElement } from '@rgrove/parse-xml'
import type { DataObject, DataValue } from '../pipes/proxy.ts'
import { setMember } from './set-member.ts'
import { isElement, localName, parseXmlDocument } from './xml-document.ts'

/**
 * Makes the decoder for XML (specification: core 5.1): elements become members, attributes members with a dash, text
 * beside either of them `#text`, repeated elements a list. Prefixes are dropped, every value is text.
 */
export function createXmlDecoder(isCollection: boolean): (body: Buffer) => DataObject {
  return (body) => {
    const root = parseXmlDocument(body, { encoding: 'xml' })
    const data: DataObject = {}
    setMember(data, localName(root.name), elementValue(root))
    return isCollection ? { collection: data } : data
  }
}

function elementValue(element: XmlElement): DataValue {
  const value: DataObject = {}
  let isEmpty = true
  for (const name in element.attributes) {
    setMember(value, `-${localName(name)}`, element.attributes[name] ?? '')
    isEmpty = false
  }
  let text = ''
  let hasChildren = false
  for (const child of element.children) {
    if (isElement(child)) {
      hasChildren = true
      addMember(value, localName(child.name), elementValue(child))
    } else if (!hasChildren && 'text' in child) text += child.text // the reference loses what follows a child
  }
  text = text.replace(SURROUNDING_SPACE, '')
  if (isEmpty && !hasChildren) return text
  if (text !== '') addMember(value, '#text', text)
  return value
}

// Not `trim`: a no-break space is text (XML 1.0, section 2.3).
const SURROUNDING_SPACE = /^[ \t\r\n]+|[ \t\r\n]+$/g

function addMember(object: DataObject, name: string, value: DataValue): void {
  const present = Object.hasOwn(object, name) ? object[name] : undefined
  if (present === undefined) setMember(object, name, value)
  else if (Array.isArray(present)) present.push(value)
  else setMember(object, name, [present, value])
}
