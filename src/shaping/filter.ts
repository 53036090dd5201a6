import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { copyWithout, setField, splitPath } from './data-path.ts'

/** Returns the filtered object: the one it was given, changed, or a new one. */
export type Filter = (data: DataObject) => DataObject

/** What a list of dotted paths says about one key: the whole value, or only these keys below it. */
type Selection = Map<string, Selection | null>

/** The same in a list, which is faster to walk. */
type Picks = readonly { readonly key: string; readonly below: Picks | null }[]

/** The same for removing: fields that go, and objects of which a part goes. */
interface Drops {
  readonly fields: readonly string[]
  readonly omitted: ReadonlySet<string>
  readonly inner: readonly { readonly key: string; readonly drops: Drops }[]
}

/**
 * Keeps only the listed fields (specification: core 6.1). Objects that keep nothing are left out; lists can only be kept
 * whole; a listed parent keeps all that is below it.
 * @param paths dotted paths
 */
export function compileAllow(paths: readonly string[]): Filter {
  const selection = selectionOf(paths)
  const names = [...selection.keys()]
  const isPlain = [...selection.values()].every((below) => below === null) && !names.some((name) => name in {})
  if (isPlain) return (data) => pickFields(data, names)
  const picks = toPicks(selection)
  return (data) => pick(data, picks)
}

/**
 * Removes the listed fields (specification: core 6.1). Objects that lose all fields stay as `{}`; lists are not looked
 * into; a listed parent takes along all that is below it.
 * @param paths dotted paths
 */
export function compileDeny(paths: readonly string[]): Filter {
  const drops = toDrops(selectionOf(paths))
  return (data) => drop(data, drops)
}

function selectionOf(paths: readonly string[]): Selection {
  const root: Selection = new Map()
  for (const path of paths) {
    const keys = splitPath(path)
    let level = root
    for (const [depth, key] of keys.entries()) {
      const known = level.get(key)
      if (known === null) break
      if (depth === keys.length - 1) level.set(key, null)
      else {
        const next: Selection = known ?? new Map()
        level.set(key, next)
        level = next
      }
    }
  }
  return root
}

function toPicks(selection: Selection): Picks {
  return [...selection].map(([key, below]) => ({ key, below: below === null ? null : toPicks(below) }))
}

function toDrops(selection: Selection): Drops {
  const fields: string[] = []
  const inner: { key: string; drops: Drops }[] = []
  for (const [key, below] of selection) {
    if (below === null) fields.push(key)
    else inner.push({ key, drops: toDrops(below) })
  }
  return { fields, omitted: new Set(fields), inner }
}

// A new object in the order of the list: all answers of a backend then share one hidden class, and JSON.stringify takes
// its fast path. The names are none that objects inherit, so what is not undefined is the data's own.
function pickFields(data: DataObject, names: readonly string[]): DataObject {
  const kept: DataObject = {}
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const value = data[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}

function pick(data: DataObject, picks: Picks): DataObject {
  const kept: DataObject = {}
  for (const { key, below } of picks) {
    if (!Object.hasOwn(data, key)) continue
    const value = data[key] as DataValue
    if (below === null) setField(kept, key, value)
    else if (isDataObject(value)) {
      const part = pick(value, below)
      if (hasFields(part)) setField(kept, key, part)
    }
  }
  return kept
}

function hasFields(object: DataObject): boolean {
  for (const _ in object) return true
  return false
}

function drop(data: DataObject, { fields, omitted, inner }: Drops): DataObject {
  for (const { key, drops } of inner) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined
    if (!isDataObject(value)) continue
    const rest = drop(value, drops)
    if (rest !== value) setField(data, key, rest)
  }
  for (const field of fields) if (Object.hasOwn(data, field)) return copyWithout(data, omitted)
  return data
}
