import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import {
  type ChangeEntry,
  type Container,
  changeEntries,
  compileSegments,
  entryOf,
  exactSegment,
  placeAt,
  type Segment,
  TreeChange,
  withoutEntry,
} from './data-tree.ts'

/** An entry of `flatmap_filter`: what is done, and the paths it is done to. */
export interface FlatmapOperation {
  /** `move`, `del` or `append`; any other is skipped. */
  readonly type: string
  /** Dotted paths; list elements by index, `*` for any key or element. */
  readonly args: readonly string[]
}

type Operation = (root: DataObject, change: TreeChange) => DataValue
type Path = readonly Segment[]

/**
 * Compiles a `flatmap_filter` (specification: core 6.3). Operations run in order, each on what the former ones left, but
 * indices are those of the lists as they came: lists close up at the end. What lost all its content becomes null.
 * @returns null when no operation can do anything
 * @throws RangeError when `move` or `append` has fewer than two paths
 */
export function compileFlatmap(operations: readonly FlatmapOperation[]): ((data: DataObject) => DataObject) | null {
  const compiled = operations.flatMap(compileOperation)
  if (compiled.length === 0) return null
  return (data) => {
    const change = new TreeChange()
    let root = data
    for (const operation of compiled) {
      const changed = operation(root, change)
      root = isDataObject(changed) ? changed : {}
    }
    change.closeHoles()
    return root
  }
}

function compileOperation({ type, args }: FlatmapOperation, position: number): Operation[] {
  if (type === 'del') return args.map((path) => compileDelete(compileSegments(path)))
  if (type !== 'move' && type !== 'append') return []
  const [from, to] = args
  if (from === undefined || to === undefined) {
    throw new RangeError(
      `flatmap_filter[${position}]: "${type}" takes two paths, from and to, but has ${args.length}; ` +
        `write "args": ["from.path", "to.path"]`,
    )
  }
  const source = compileSegments(from)
  const destination = compileSegments(to)
  const operation = type === 'move' ? compileMove(source, destination) : compileAppend(source, destination)
  return operation === null ? [] : [operation]
}

function compileDelete(path: Path): Operation {
  return (root, change) => changeEntries(root, path, deleteEntry, change)
}

const deleteEntry: ChangeEntry = (node, segment, change) => {
  if (segment.any) return hasContent(node) ? null : node
  return entryOf(node, segment) === undefined ? node : withoutEntry(node, segment, change)
}

function hasContent(node: Container): boolean {
  if (Array.isArray(node)) return node.length > 0
  for (const _ in node) return true
  return false
}

function compileMove(source: Path, destination: Path): Operation | null {
  const last = source.at(-1) as Segment
  if (last.any) return null
  if (destination.length < source.length) return compileLift(source, destination)
  // Only what stands at the place of the match and behind it counts; the parents are those of the match.
  const [renamed, ...below] = destination.slice(source.length - 1)
  const path = [renamed === undefined || renamed.any ? last : renamed, ...below]
  if (path.length === 1 && path[0]?.key === last.key) return null
  return (root, change) => changeEntries(root, source, embedInto(path), change)
}

function embedInto(path: Path): ChangeEntry {
  return (node, segment, change) => {
    const value = entryOf(node, segment)
    if (value === undefined) return node
    if (Array.isArray(node)) change.leaveHole(node, segment.index)
    const rest = Array.isArray(node) ? node : withoutEntry(node, segment, change)
    return placeAt(rest ?? {}, path, value)
  }
}

/** A match on its way to another place, with the keys that its path matched. */
interface Lifted {
  readonly value: DataValue
  readonly path: Path
}

function compileLift(source: Path, destination: Path): Operation {
  const pathFor = compileDestination(destination, source.length)
  return (root, change) => {
    const lifted: Lifted[] = []
    const take: ChangeEntry = (node, segment) => {
      const value = entryOf(node, segment)
      if (value === undefined) return node
      lifted.push({ value, path: pathFor(change) })
      return withoutEntry(node, segment, change)
    }
    let result: DataValue = changeEntries(root, source, take, change)
    for (const { value, path } of lifted) result = placeAt(result, path, value)
    return result
  }
}

/** The destination with, for each `*`, the key that the source's `*` or key at the same place matched. */
function compileDestination(destination: Path, sourceLength: number): (change: TreeChange) => Path {
  const isOpen = ({ any }: Segment, place: number) => any && place < sourceLength - 1
  if (!destination.some(isOpen)) return () => destination
  return ({ keys }) =>
    destination.map((segment, place) => (isOpen(segment, place) ? exactSegment(keys[place] ?? segment.key) : segment))
}

function compileAppend(source: Path, destination: Path): Operation | null {
  if (source.at(-1)?.any) return null
  const pathFor = compileDestination(destination, source.length)
  return (root, change) => {
    const append: ChangeEntry = (node, segment) => {
      const list = entryOf(node, segment)
      if (!Array.isArray(list)) return node
      let target: DataValue | undefined = root
      for (const step of pathFor(change)) {
        target = entryOf(target, step)
        if (target === list) return node // it cannot be put into itself
      }
      if (!Array.isArray(target)) return node
      for (const value of list) if (value !== undefined) target.push(value)
      return withoutEntry(node, segment, change)
    }
    return changeEntries(root, source, append, change)
  }
}
