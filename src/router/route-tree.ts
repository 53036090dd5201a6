/** What a path leads to. */
export interface Match<T> {
  readonly value: T
  /** The values of the parameters in the order of the pattern; empty for a path without. */
  readonly values: readonly string[]
}

interface Node<T> {
  readonly statics: Map<string, Node<T>>
  /** Parameters behind a fixed beginning of their segment (`file.{ext}`), the longest beginning first. */
  readonly prefixed: { readonly prefix: string; readonly node: Node<T> }[]
  param: Node<T> | null
  value: T | undefined
}

const NONE: readonly string[] = []
const PLACEHOLDER = /^([^{]*)\{[^}]*\}$/

/**
 * The routes of one method as a tree of path segments. A fixed segment wins over a parameter at the same place, and
 * where it leads nowhere the parameter is tried (specification: core 2.1). A parameter takes one non-empty segment, or
 * what follows a fixed beginning of it.
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
    const placeholder = PLACEHOLDER.exec(segment)
    if (placeholder === null) {
      const key = this.#folded(segment)
      const child = node.statics.get(key) ?? createNode<T>()
      node.statics.set(key, child)
      return child
    }
    const prefix = this.#folded(placeholder[1] as string)
    if (prefix === '') {
      node.param ??= createNode()
      return node.param
    }
    let entry = node.prefixed.find((known) => known.prefix === prefix)
    if (entry === undefined) {
      entry = { prefix, node: createNode() }
      node.prefixed.push(entry)
      node.prefixed.sort((a, b) => b.prefix.length - a.prefix.length)
    }
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
    for (const { prefix, node: child } of node.prefixed) {
      if (folded.length <= prefix.length || !folded.startsWith(prefix)) continue
      values.push(segment.slice(prefix.length))
      const value = last ? child.value : this.#walk(child, path, slash + 1, values)
      if (value !== undefined) return value
      values.pop()
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
  return { statics: new Map(), prefixed: [], param: null, value: undefined }
}
