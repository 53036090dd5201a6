import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { copyWithout, readPath, setField, splitPath } from './data-path.ts'
import { compileAllow, compileDeny } from './filter.ts'
import { compileFlatmap, type FlatmapOperation } from './flatmap.ts'

/** What a backend's configuration says about the form of its data. Empty strings, lists and objects ask for nothing. */
export interface ShapeOptions {
  /** Dotted path of the object that becomes the answer. */
  readonly target: string
  /** Dotted paths of the only fields that stay. */
  readonly allow: readonly string[]
  /** Dotted paths of the fields that go; not looked at beside `allow`. */
  readonly deny: readonly string[]
  /** New names of root fields by the old ones. */
  readonly mapping: Readonly<Record<string, string>>
  /** The field that everything is put under. */
  readonly group: string
  /** A list that is not empty stands in for allow, deny and mapping. */
  readonly flatmap?: readonly FlatmapOperation[]
}

/** Brings data into form. May change what it is given; what it returns may be the same object. */
export type Shape = (data: DataObject) => DataObject

/**
 * Compiles target, allow or deny (or flatmap in their place), mapping and group, which run in this order
 * (specification: core 6.1).
 * @returns null when nothing is configured
 * @throws RangeError when a flatmap operation lacks a path
 */
export function compileShape(options: ShapeOptions): Shape | null {
  const steps: Shape[] = []
  if (options.target !== '') steps.push(compileTarget(options.target))
  if (options.flatmap !== undefined && options.flatmap.length > 0) {
    const flatmap = compileFlatmap(options.flatmap)
    if (flatmap !== null) steps.push(flatmap)
  } else {
    if (options.allow.length > 0) steps.push(compileAllow(options.allow))
    else if (options.deny.length > 0) steps.push(compileDeny(options.deny))
    const mapping = compileMapping(options.mapping)
    if (mapping !== null) steps.push(mapping)
  }
  const { group } = options
  if (group !== '') steps.push((data) => ({ [group]: data }))
  return chain(steps)
}

function chain(steps: readonly Shape[]): Shape | null {
  const [first, second] = steps
  if (first === undefined || second === undefined) return first ?? null
  if (steps.length === 2) return (data) => second(first(data))
  return (data) => steps.reduce((shaped, step) => step(shaped), data)
}

function compileTarget(path: string): Shape {
  const keys = splitPath(path)
  return (data) => {
    const value = readPath(data, keys)
    return isDataObject(value) ? value : {}
  }
}

// The reference renames in no particular order, so exchanging two names works there only by luck. Here all fields get
// their new names at once; of two that get the same name the one mentioned later stays.
function compileMapping(mapping: Readonly<Record<string, string>>): Shape | null {
  const renames: Rename[] = []
  for (const [from, to] of Object.entries(mapping)) {
    const name = to.split('.', 1)[0] ?? ''
    if (name !== from) renames.push({ from, to: name })
  }
  if (renames.length === 0) return null
  const omitted = new Set(renames.map(({ from }) => from))
  return (data) => {
    for (const { from } of renames) if (Object.hasOwn(data, from)) return rename(data, renames, omitted)
    return data
  }
}

interface Rename {
  readonly from: string
  readonly to: string
}

function rename(data: DataObject, renames: readonly Rename[], omitted: ReadonlySet<string>): DataObject {
  const renamed = copyWithout(data, omitted)
  for (const { from, to } of renames) if (Object.hasOwn(data, from)) setField(renamed, to, data[from] as DataValue)
  return renamed
}
