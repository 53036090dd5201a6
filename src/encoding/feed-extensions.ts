import type { DataObject } from '../pipes/proxy.ts'
import { isDataObject } from '../pipes/proxy.ts'
import { withoutEmpty } from './feed-elements.ts'

/** The Dublin Core elements of an item or channel, each a list of texts; undefined when there are none. */
export function dublinCoreOf(extensions: DataObject): DataObject | undefined {
  if (!hasExtension(extensions, 'dc')) return undefined
  const members: Record<string, string[]> = {}
  for (const name of DUBLIN_CORE) members[name] = extensionTexts(extensions, 'dc', name)
  return withoutEmpty(members)
}

/** The podcast elements of an item as texts; undefined when there are none. */
export function itunesOf(extensions: DataObject): DataObject | undefined {
  if (!hasExtension(extensions, 'itunes')) return undefined
  const members: Record<string, string> = {}
  for (const name of ITUNES) members[name] = extensionText(extensions, 'itunes', name)
  members.image = extensionAttributes(extensions, 'itunes', 'image', 'href')[0] ?? ''
  return withoutEmpty(members)
}

/** The text of the first extension element of that name; empty without one. */
export function extensionText(extensions: DataObject, prefix: string, name: string): string {
  return extensionTexts(extensions, prefix, name)[0] ?? ''
}

export function extensionTexts(extensions: DataObject, prefix: string, name: string): string[] {
  return extensionsOf(extensions, prefix, name).map(({ value }) => (typeof value === 'string' ? value : ''))
}

/** An attribute of all extension elements of that name that have it. */
export function extensionAttributes(extensions: DataObject, prefix: string, name: string, attribute: string): string[] {
  const values: string[] = []
  for (const { attrs } of extensionsOf(extensions, prefix, name)) {
    const value = isDataObject(attrs) && Object.hasOwn(attrs, attribute) ? attrs[attribute] : undefined
    if (typeof value === 'string') values.push(value)
  }
  return values
}

const DUBLIN_CORE = [
  'title',
  'creator',
  'author',
  'subject',
  'description',
  'publisher',
  'contributor',
  'date',
  'type',
  'format',
  'identifier',
  'source',
  'language',
  'relation',
  'coverage',
  'rights',
]
const ITUNES = [
  'author',
  'block',
  'duration',
  'explicit',
  'keywords',
  'subtitle',
  'summary',
  'isClosedCaptioned',
  'episode',
  'season',
  'order',
  'episodeType',
]

function hasExtension(extensions: DataObject, prefix: string): boolean {
  return Object.hasOwn(extensions, prefix)
}

function extensionsOf(extensions: DataObject, prefix: string, name: string): DataObject[] {
  const group = hasExtension(extensions, prefix) ? extensions[prefix] : undefined
  const list = isDataObject(group) && Object.hasOwn(group, name) ? group[name] : undefined
  return Array.isArray(list) ? list.filter(isDataObject) : []
}
