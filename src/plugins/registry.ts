import { nearest } from '../config/nearest.ts'
import { fileProblem, type PluginProblem } from './problem.ts'
import type { LoadedPlugin, MartianPlugin, PluginKind } from './runtime.ts'

/** Every kind, so that the compiler asks for new ones. */
const KINDS: Record<PluginKind, true> = { server: true, modifier: true, middleware: true, client: true }
export const PLUGIN_KINDS = Object.keys(KINDS) as readonly PluginKind[]

/** The loaded plugins of each kind by name. A name may stand for one plugin of each kind. */
export class PluginRegistry {
  readonly #plugins: Record<PluginKind, Map<string, LoadedPlugin>> = {
    server: new Map(),
    modifier: new Map(),
    middleware: new Map(),
    client: new Map(),
  }

  readonly #martian = new Map<string, MartianPlugin>()
  readonly #bundledNames: readonly string[]

  /** @param bundledNames names that are there when they are configured */
  constructor(bundledNames: readonly string[] = []) {
    this.#bundledNames = bundledNames
  }

  /**
   * Adds a plugin under its name. One of the same name and kind is replaced (specification: plugins 2).
   * @returns a problem for each kind in which the name was taken
   */
  add(plugin: LoadedPlugin): PluginProblem[] {
    const problems: PluginProblem[] = []
    for (const kind of PLUGIN_KINDS) {
      if (plugin.kinds[kind] === undefined) continue
      const other = this.#plugins[kind].get(plugin.name)
      if (other !== undefined) problems.push(clash(kind, plugin, other))
      this.#plugins[kind].set(plugin.name, plugin)
    }
    return problems
  }

  /** Adds a modifier for `modifier/martian`; one of the same name is replaced. */
  addMartian(modifier: MartianPlugin): void {
    this.#martian.set(modifier.name, modifier)
  }

  findMartian(name: string): MartianPlugin | undefined {
    return this.#martian.get(name)
  }

  find(kind: PluginKind, name: string): LoadedPlugin | undefined {
    return this.#plugins[kind].get(name)
  }

  /** The names of a kind in their order of loading. */
  names(kind: PluginKind): string[] {
    return [...this.#plugins[kind].keys()]
  }

  /** Whether a plugin of any kind has the name. */
  has(name: string): boolean {
    return PLUGIN_KINDS.some((kind) => this.#plugins[kind].has(name))
  }

  /** Every loaded plugin once. */
  all(): readonly LoadedPlugin[] {
    return [...new Set(PLUGIN_KINDS.flatMap((kind) => [...this.#plugins[kind].values()]))]
  }

  /** How many files hold plugins of a kind. */
  countFiles(kind: PluginKind): number {
    return new Set([...this.#plugins[kind].values()].map((plugin) => plugin.file)).size
  }

  /** The name that was probably meant by one that nobody has. */
  nearestName(kind: PluginKind, name: string): string | undefined {
    return nearest(name, [...this.names(kind), ...this.#bundledNames], 0.34)
  }

  /** Says that nobody registered a name, what is there instead, and what was probably meant. */
  explainUnknown(kind: PluginKind, name: string): { message: string; remedy: string } {
    const names = this.names(kind)
    const loaded = names.length === 0 ? 'none is loaded' : `loaded: ${names.map(quote).join(', ')}`
    const message = `no ${kind} plugin "${name}"; ${loaded}`
    const otherKind = PLUGIN_KINDS.find((other) => other !== kind && this.find(other, name) !== undefined)
    if (otherKind !== undefined) {
      return { message, remedy: `"${name}" is a ${otherKind} plugin and is named by ${NAMESPACES[otherKind]}` }
    }
    const meant = this.nearestName(kind, name)
    if (meant !== undefined) return { message, remedy: `did you mean "${meant}"?` }
    return { message, remedy: 'put its file into the plugin folder, or take the name out' }
  }
}

/** The namespaces that name plugins of a kind. */
export const NAMESPACES: Record<PluginKind, string> = {
  server: 'plugin/http-server',
  modifier: 'plugin/req-resp-modifier',
  middleware: 'plugin/middleware',
  client: 'plugin/http-client',
}

function clash(kind: PluginKind, plugin: LoadedPlugin, other: LoadedPlugin): PluginProblem {
  const place = other.file === plugin.file ? 'this file' : other.file
  const message = `the ${kind} plugin "${plugin.name}" is in ${place} too`
  return fileProblem('PLUGIN_CLASH', plugin.file, message, 'give one of them another name')
}

function quote(name: string): string {
  return `"${name}"`
}
