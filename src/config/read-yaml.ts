import type { Event } from 'js-yaml'
import { type Locator, locatorOf, type PositionMember, type PositionNode, positionAt } from './positions.ts'
import type { Finding } from './report.ts'

/** The value of a YAML text. Duplicate keys are errors; merge keys (`<<`) work. */
export async function parseYaml(text: string): Promise<unknown> {
  const { CORE_SCHEMA, load, mergeTag } = await import('js-yaml')
  return load(text, { schema: CORE_SCHEMA.withTags(mergeTag) })
}

/** Why a text is no YAML, with the place. */
export async function explainYaml(text: string, error: unknown): Promise<Finding> {
  const { YAMLException } = await import('js-yaml')
  if (text.trim() === '') return { code: 'CONFIG_SYNTAX', path: [], message: 'the file is empty' }
  const finding = { code: 'CONFIG_SYNTAX', path: [] } as const
  if (!(error instanceof YAMLException)) return { ...finding, message: String(error) }
  if (error.mark === undefined) return { ...finding, message: error.reason }
  return { ...finding, message: error.reason, position: positionAt(text, error.mark.position) }
}

/** Where the keys and values of a YAML text are. Behind aliases and merge keys, the place that names them. */
export async function locateYaml(text: string): Promise<Locator> {
  const { EVENT_ID, getScalarValue, parseEvents } = await import('js-yaml')
  const events = parseEvents(text, {})
  let next = 0

  const readNode = (): PositionNode | undefined => {
    const event = events[next++]
    if (event === undefined || event.type === EVENT_ID.POP) return undefined
    if (event.type === EVENT_ID.DOCUMENT) return readNode()
    const offset = startOf(event)
    if (event.type === EVENT_ID.SEQUENCE) {
      const items: PositionNode[] = []
      for (let item = readNode(); item !== undefined; item = readNode()) items.push(item)
      return { offset, items }
    }
    return event.type === EVENT_ID.MAPPING ? { offset, members: readMembers() } : { offset }
  }

  const readMembers = (): PositionMember[] => {
    const members: PositionMember[] = []
    for (;;) {
      const event = events[next]
      const key = readNode()
      if (event === undefined || key === undefined) return members
      const node = readNode()
      if (node === undefined) return members
      if (event.type === EVENT_ID.SCALAR) {
        members.push({ key: getScalarValue(text, event), offset: key.offset, node })
      }
    }
  }

  return locatorOf(text, readNode())
}

// Values of js-yaml's SCALAR_STYLE, which is loaded only with a YAML file.
const SINGLE_QUOTED = 2
const DOUBLE_QUOTED = 3

function startOf(event: Event): number {
  if ('valueStart' in event) {
    // Of a quoted scalar the value begins after the quote.
    const quoted = event.style === SINGLE_QUOTED || event.style === DOUBLE_QUOTED
    return Math.max(0, event.valueStart - (quoted ? 1 : 0))
  }
  if ('start' in event) return Math.max(0, event.start)
  return 'anchorStart' in event ? Math.max(0, event.anchorStart) : 0
}
