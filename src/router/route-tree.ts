import { compileSegment, matchSegment, type SegmentPattern } from './segment.ts'

/** What a path leads to. */
export interface Match<T> {
  readonly value: T
  /** The values of the parameters in the order of the pattern; empty for a path without. */
  readonly values: readonly string[]
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>
  /** Segments that a parameter does not fill (`file.{ext}`), those with more fixed text first. */
  readonly partial: { readonly text: string; readonly pattern: SegmentPattern; readonly node: Node<T> }[]
  param: Node<T> | null
  value: T | undefined
}

const NONE: readonly string[] = []
const NAME = /\{[^}]*\}/g

/**
 * The routes of one method as a tree of path segments. A fixed segment wins over a parameter at the same place, and
 * where it leads nowhere the parameter is tried (specification: core 2.1). A parameter takes one non-empty segment, or
 * a part of one between fixed texts.
 */
export class RouteTree<T> {
  readonly #exact = new Map<string, T>()
  readonly #root: Node<T> = createNode()
  readonly #fold: boolean
  #hasParams = false

  /** @param fold compare fixed segments without case */
  constructor(fold = false) {
    this.#fold = fold
  }

  /** Adds a pattern such as `/users/{id}`; the caller has seen that no two lead to the same paths. */
  add(pattern: string, value: T): void {
    if (!pattern.includes('{')) {
      this.#exact.set(this.#folded(pattern), value)
      return
    }
    this.#hasParams = true
    let node = this.#root
    for (const segment of pattern.slice(1).split('/')) node = this.#child(node, segment)
    node.value = value
  }

  find(path: string): Match<T> | null {
    const exact = this.#exact.get(this.#folded(path))
    if (exact !== undefined) return { value: exact, values: NONE }
    if (!this.#hasParams) return null
    const values: string[] = []
    const value = this.#walk(this.#root, path, 1, values)
    return value === undefined ? null : { value, values }
  }

  #child(node: Node<T>, segment: string): Node<T> {
    const folded = this.#folded(segment.replace(NAME, '{}'))
    const pattern = compileSegment(folded)
    if (pattern === null) {
      const child = node.statics.get(folded) ?? createNode<T>()
      node.statics.set(folded, child)
      return child
    }
    if (folded === '{}') {
      node.param ??= createNode()
      return node.param
    }
    const known = node.partial.find(({ text }) => text === folded)
    if (known !== undefined) return known.node
    const entry = { text: folded, pattern, node: createNode<T>() }
    node.partial.push(entry)
    node.partial.sort((a, b) => b.pattern.fixedLength - a.pattern.fixedLength)
    return entry.node
  }

  #walk(node: Node<T>, path: string, start: number, values: string[]): T | undefined {
    const slash = path.indexOf('/', start)
    const last = slash === -1
    const segment = last ? path.slice(start) : path.slice(start, slash)
    const folded = this.#folded(segment)
    const fixed = node.statics.get(folded)
    if (fixed !== undefined) {
      const value = last ? fixed.value : this.#walk(fixed, path, slash + 1, values)
      if (value !== undefined) return value
    }
    for (const { pattern, node: child } of node.partial) {
      const before = values.length
      if (!matchSegment(pattern, folded, segment, values)) continue
      const value = last ? child.value : this.#walk(child, path, slash + 1, values)
      if (value !== undefined) return value
      values.length = before
    }
    if (node.param === null || segment === '') return undefined
    values.push(segment)
    const value = last ? node.param.value : this.#walk(node.param, path, slash + 1, values)
    if (value === undefined) values.pop()
    return value
  }

  #folded(text: string): string {
    return this.#fold ? text.toLowerCase() : text
  }
}

function createNode<T>(): Node<T> {
  return { statics: new Map(), partial: [], param: null, value: undefined }
}
