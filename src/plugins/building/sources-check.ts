import { BuildFailure } from './build-failure.ts'
import type { Inspection, SourcePlace } from './inspection.ts'
import type { GoPackage } from './packages.ts'
import { shownPath, shownPlace } from './source-path.ts'

/** What a plugin holds, by its sources. */
export interface PluginContent {
  /** `server`, `modifier`, `middleware`, `client`, `martian`. */
  readonly kinds: readonly string[]
  /** The names of the registerers. */
  readonly variables: ReadonlySet<string>
  /** Names that the gateway would look for, were they variables. */
  readonly noVariables: Inspection['symbols']
}

/** The kinds of registerers, in the order in which the gateway tells them. */
const KINDS = {
  HandlerRegisterer: 'server',
  ModifierRegisterer: 'modifier',
  MiddlewareRegisterer: 'middleware',
  ClientRegisterer: 'client',
}

/** What is in the sources. */
export function contentOf({ symbols, martian }: Inspection): PluginContent {
  const variables = new Set(symbols.filter(({ kind }) => kind === 'var').map(({ name }) => name))
  const kinds = Object.entries(KINDS).flatMap(([name, kind]) => (variables.has(name) ? [kind] : []))
  if (martian.length > 0) kinds.push('martian')
  return { kinds, variables, noVariables: symbols.filter(({ kind }) => kind !== 'var') }
}

/** What works, but not as it would in a native plugin, or not as it was meant. */
export function warningsOf({ uses }: Inspection, { noVariables }: PluginContent): readonly string[] {
  const left = noVariables.map(
    (symbol) => `${symbol.name} in ${shownPlace(symbol)} is a ${symbol.kind} and no variable: it is left out`,
  )
  const programs = uses.filter(({ what }) => what === 'exec')
  return [...left, ...programs.map((use) => `${use.call} in ${shownPlace(use)} fails: WebAssembly starts no programs`)]
}

/**
 * Looks for Go files that can be compiled at all.
 * @throws BuildFailure
 */
export function checkFiles(main: GoPackage, { special }: Inspection, folder: string): void {
  const { GoFiles = [], IgnoredGoFiles = [], Error: error } = main
  if (GoFiles.length > 0) return
  const cgo = special.find(({ path, built }) => path === 'C' && !built)
  if (cgo !== undefined) throw withCgo(cgo)
  if (IgnoredGoFiles.length > 0) {
    throw new BuildFailure(
      `build constraints leave out all Go files in ${shownPath(folder)}: ${IgnoredGoFiles.join(', ')}`,
      'a plugin is built for GOOS=wasip1, GOARCH=wasm: let the constraints of at least one file allow that',
    )
  }
  if (error !== undefined && !error.Err.startsWith('no Go files')) {
    throw new BuildFailure('Go cannot read the module', 'do what it says above', error.Err)
  }
  throw new BuildFailure(
    `there are no Go files in ${shownPath(folder)}`,
    'name the folder that holds the package main of the plugin',
  )
}

/**
 * Looks for what would make a build pointless.
 * @throws BuildFailure
 */
export function checkContent({ Name = '' }: GoPackage, inspection: Inspection, folder: string): void {
  if (Name !== 'main') {
    const other = 'name the folder that holds the package main of the plugin'
    throw new BuildFailure(`${shownPath(folder)} holds package ${Name}, and a plugin is a package main`, other)
  }
  const [opened] = inspection.pluginOpen
  if (opened !== undefined) {
    const remedy = 'import that code as a package, or make two plugins of it'
    throw new BuildFailure(`${shownPlace(opened)} opens a Go plugin, which WebAssembly cannot`, remedy)
  }
  const { kinds, noVariables } = contentOf(inspection)
  if (kinds.length > 0) return
  const [other] = noVariables
  if (other !== undefined) {
    throw new BuildFailure(
      `${other.name} in ${shownPlace(other)} is a ${other.kind}, and the gateway looks for a variable`,
      `declare it as a variable: var ${other.name} = registerer("NAME")`,
    )
  }
  throw new BuildFailure(
    `${shownPath(folder)} declares none of ${Object.keys(KINDS).join(', ')}, so there is no plugin in it`,
    'declare one as a variable of package main, with its Register method',
  )
}

/** Sources that need a C compiler. */
export function withCgo(place: SourcePlace, output = ''): BuildFailure {
  return new BuildFailure(
    `${shownPlace(place)} imports "C", and there is no cgo for WebAssembly`,
    'use what is written in Go alone, or keep that file for others by //go:build cgo and add one without',
    output,
  )
}
