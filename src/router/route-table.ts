import { type Match, RouteTree } from './route-tree.ts'

/** A route with the pattern and the parameters' names it was configured with. */
export interface Route<T> {
  readonly pattern: string
  /** The names of the parameters, once for each place in the pattern. */
  readonly params: readonly string[]
  readonly target: T
}

/** The routes of all methods, with what a request that none takes may be told: other methods, a corrected path. */
export class RouteTable<T> {
  readonly #trees = new Map<string, RouteTree<Route<T>>>()
  readonly #routes = new Map<string, Route<T>[]>()
  readonly #folded = new Map<string, RouteTree<Route<T>>>()

  add(method: string, pattern: string, target: T): void {
    const params = [...pattern.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] as string)
    const route = { pattern, params, target }
    let tree = this.#trees.get(method)
    if (tree === undefined) {
      tree = new RouteTree()
      this.#trees.set(method, tree)
      this.#routes.set(method, [])
    }
    tree.add(pattern, route)
    this.#routes.get(method)?.push(route)
  }

  /** @param path decoded */
  find(method: string, path: string): Match<Route<T>> | null {
    return this.#trees.get(method)?.find(path) ?? null
  }

  /** The methods that know the path, in the order in which methods were first added. */
  methodsOf(path: string): string[] {
    const methods: string[] = []
    for (const [method, tree] of this.#trees) if (tree.find(path) !== null) methods.push(method)
    return methods
  }

  /** Every pattern with its methods; for a fixed one also those of patterns with parameters that take it. */
  methodsByPattern(): Map<string, string[]> {
    const patterns = new Map<string, string[]>()
    for (const [method, routes] of this.#routes) {
      for (const { pattern } of routes) {
        const methods = pattern.includes('{') ? (patterns.get(pattern) ?? []) : this.methodsOf(pattern)
        if (!methods.includes(method)) methods.push(method)
        patterns.set(pattern, methods)
      }
    }
    return patterns
  }

  /** The configured spelling of a path that differs in case only; null when there is none. */
  findFolded(method: string, path: string): string | null {
    const routes = this.#routes.get(method)
    if (routes === undefined) return null
    let tree = this.#folded.get(method)
    if (tree === undefined) {
      tree = new RouteTree(true)
      for (const route of routes) tree.add(route.pattern, route)
      this.#folded.set(method, tree)
    }
    const match = tree.find(path)
    if (match === null) return null
    let next = 0
    return match.value.pattern.replace(/\{[^}]*\}/g, () => match.values[next++] as string)
  }
}
