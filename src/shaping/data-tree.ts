import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { copyWithout, setField, splitPath } from './data-path.ts'

/** One step of a path that may also go through lists and may stand for any key (`*`). */
export interface Segment {
  readonly key: string
  /** The place in a list that `key` names; -1 when it names none. */
  readonly index: number
  readonly any: boolean
  /** `key` alone, for copying without it. */
  readonly alone: ReadonlySet<string>
}

export type Container = DataObject | DataValue[]

/**
 * What lasts while the operations of one filter change one answer. An element that is taken from a list leaves a hole
 * (undefined) until the end, so that the indices of all operations mean the answer as it came.
 */
export class TreeChange {
  /** The key that matched at each depth of the path being walked. */
  readonly keys: (string | number)[] = []
  #holed: Set<DataValue[]> | null = null

  /** Takes an element out of a list; the others keep their index until `closeHoles`. */
  leaveHole(list: DataValue[], index: number): void {
    ;(list as unknown[])[index] = undefined
    this.#holed ??= new Set()
    this.#holed.add(list)
  }

  /** Lets all lists close up. */
  closeHoles(): void {
    if (this.#holed === null) return
    for (const list of this.#holed) {
      let length = 0
      for (const value of list) if (value !== undefined) list[length++] = value
      list.length = length
    }
  }
}

/** Cuts a dotted path into its segments. */
export function compileSegments(path: string): readonly Segment[] {
  return splitPath(path).map((key) => ({ ...exactSegment(key), any: key === '*' }))
}

/** A segment for just this key, even if it is called `*` or holds dots. */
export function exactSegment(key: string | number): Segment {
  const text = String(key)
  const index = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : -1
  return { key: text, index, any: false, alone: new Set([text]) }
}

/** Whether something can be below it. */
export function isContainer(value: DataValue | undefined): value is Container {
  return Array.isArray(value) || isDataObject(value)
}

/** What a segment without `*` names in an object or a list; undefined when nothing is there. */
export function entryOf(node: DataValue | undefined, { key, index }: Segment): DataValue | undefined {
  if (Array.isArray(node)) return index === -1 ? undefined : node[index]
  return isDataObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
}

/** Does its work on what the last segment names in `node`, and returns what is to stand in the place of `node`. */
export type ChangeEntry = (node: Container, segment: Segment, change: TreeChange) => DataValue

/**
 * Walks a path and calls `entry` for every container that holds a match of the last segment. The depth of the recursion
 * is that of the path, not of the data; every container on the way is looked at once.
 * @returns what is to stand in the place of `node`
 */
export function changeEntries(
  node: Container,
  path: readonly Segment[],
  entry: ChangeEntry,
  change: TreeChange,
  depth = 0,
): DataValue {
  const segment = path[depth] as Segment
  if (depth === path.length - 1) return entry(node, segment, change)
  const { keys } = change
  if (Array.isArray(node)) {
    const end = segment.any ? node.length : Math.min(segment.index + 1, node.length)
    for (let i = segment.any ? 0 : segment.index; i >= 0 && i < end; i++) {
      const child = node[i]
      if (!isContainer(child)) continue
      keys[depth] = i
      node[i] = changeEntries(child, path, entry, change, depth + 1)
    }
    return node
  }
  const names = segment.any ? Object.keys(node) : null
  const count = names?.length ?? 1
  for (let i = 0; i < count; i++) {
    const key = names === null ? segment.key : (names[i] as string)
    const child = Object.hasOwn(node, key) ? node[key] : undefined
    if (!isContainer(child)) continue
    keys[depth] = key
    const changed = changeEntries(child, path, entry, change, depth + 1)
    if (changed !== child) setField(node, key, changed)
  }
  return node
}

/**
 * `node` without an entry that it has.
 * @returns null when that was its last content
 */
export function withoutEntry(node: Container, { alone, index }: Segment, change: TreeChange): Container | null {
  if (Array.isArray(node)) {
    change.leaveHole(node, index)
    return node.some((value) => value !== undefined) ? node : null
  }
  const rest = copyWithout(node, alone)
  for (const _ in rest) return rest
  return null
}

/**
 * Puts a value at the end of a path below `node`. Objects on the way are created; they take the place of what is neither
 * object nor list. A key that a list does not have adds an element at its end, however large an index it is.
 * @returns what is to stand in the place of `node`
 */
export function placeAt(node: DataValue | undefined, path: readonly Segment[], value: DataValue, depth = 0): DataValue {
  const segment = path[depth]
  if (segment === undefined) return value
  const next = placeAt(entryOf(node, segment), path, value, depth + 1)
  if (Array.isArray(node)) {
    if (segment.index !== -1 && segment.index < node.length) node[segment.index] = next
    else node.push(next)
    return node
  }
  const object = isDataObject(node) ? node : {}
  setField(object, segment.key, next)
  return object
}
