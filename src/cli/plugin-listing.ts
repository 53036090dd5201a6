import type { LoadedUnit, LoadedUnits } from '../plugins/loading/units.ts'
import type { PluginProblem } from '../plugins/problem.ts'
import { PLUGIN_KINDS, PluginRegistry } from '../plugins/registry.ts'
import type { LoadedPlugin, PluginKind } from '../plugins/runtime.ts'
import { type PluginSection, readPluginSectionOf } from '../plugins/runtimes/go/plugin-section.ts'
import { listOptions, type PluginOption } from './option-list.ts'

/** What `loligo plugin list --json` writes. Keys may be added; those that are there stay what they are. */
export interface PluginListing {
  /** In the order of loading. */
  readonly units: readonly ListedUnit[]
  /** What concerns no single unit, such as a folder that cannot be read. */
  readonly problems: readonly ListedProblem[]
}

/** A file, a folder or an npm package. */
export interface ListedUnit {
  readonly kind: 'file' | 'folder' | 'package'
  readonly name: string
  /** The absolute path; empty for a package that is not installed. */
  readonly path: string
  /** The file that is loaded; empty when there is none. */
  readonly entry: string
  /** What runs it; null when nothing can. */
  readonly runtime: string | null
  /** Changes with the code of the unit; empty when it could not be read. */
  readonly hash: string
  /** What `loligo plugin build` has noted about it; null when that did not make it. */
  readonly build: PluginSection | null
  readonly plugins: readonly ListedPlugin[]
  readonly problems: readonly ListedProblem[]
}

export interface ListedPlugin {
  readonly name: string
  /** Empty when the author gave none. */
  readonly version: string
  readonly kinds: readonly PluginKind[]
  /** Null when the plugin has no schema: it takes any block. */
  readonly options: readonly PluginOption[] | null
}

export interface ListedProblem {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/** Puts together what there is to tell of units that were loaded, names that are taken twice among it. */
export async function listingOf({ units, problems }: LoadedUnits): Promise<PluginListing> {
  const registry = new PluginRegistry()
  const builds = await Promise.all(units.map(({ unit }) => builtOf(unit.entry)))
  const listed = units.map((unit, index) => listUnit(unit, builds[index] ?? null, registry))
  return { units: listed, problems: problems.map(listProblem) }
}

/** The problems of all units and those of none. */
export function countProblems({ units, problems }: PluginListing): number {
  return units.reduce((sum, unit) => sum + unit.problems.length, problems.length)
}

function listUnit(
  { unit, runtime, hash, plugins, problems }: LoadedUnit,
  build: PluginSection | null,
  registry: PluginRegistry,
): ListedUnit {
  const { kind, name, path, entry } = unit
  const clashes = plugins.flatMap((plugin) => registry.add(plugin))
  const all = [...problems, ...clashes].map(listProblem)
  return { kind, name, path, entry, runtime, hash, build, plugins: plugins.map(listPlugin), problems: all }
}

async function builtOf(entry: string): Promise<PluginSection | null> {
  if (!entry.endsWith('.wasm')) return null
  return await readPluginSectionOf(entry).catch(() => null) // what is wrong with it stands among the problems
}

function listPlugin({ name, version, kinds, options }: LoadedPlugin): ListedPlugin {
  const own = PLUGIN_KINDS.filter((kind) => kinds[kind] !== undefined)
  return { name, version, kinds: own, options: options === null ? null : listOptions(options) }
}

function listProblem({ code, message, remedy }: PluginProblem): ListedProblem {
  return { code, message, remedy }
}

/** The listing for people: a line for each unit, its plugins, their options and its problems below it. */
export function formatListing(listing: PluginListing): string {
  const width = Math.max(0, ...listing.units.map(({ name }) => name.length))
  const units = listing.units.map((unit) => `${formatUnit(unit, width)}\n`)
  const others = listing.problems.map((problem) => `${formatProblem(problem, '')}\n`)
  return [...units, ...others, formatSum(listing)].join('')
}

function formatUnit({ kind, name, runtime, hash, build, plugins, problems }: ListedUnit, width: number): string {
  const head = [name.padEnd(width), kind.padEnd('package'.length), (runtime ?? '-').padEnd('module'.length), hash]
  return [
    head.join('  ').trimEnd(),
    ...(build === null ? [] : formatBuild(build)),
    ...plugins.flatMap(formatPlugin),
    ...problems.map((problem) => formatProblem(problem, '  ')),
    '',
  ].join('\n')
}

function formatBuild({ module, goVersion, kinds, uses }: PluginSection): readonly string[] {
  const seen = Object.entries(uses).filter(([, names]) => names.length > 0)
  const head = `  built of ${module} with ${goVersion}: ${kinds.join(', ')}`
  return [head, ...seen.map(([what, names]) => `    seems to use ${what}: ${names.join(', ')}`)]
}

function formatPlugin({ name, version, kinds, options }: ListedPlugin): readonly string[] {
  const head = `  ${[name, version, kinds.join(', ')].filter((part) => part !== '').join('  ')}`
  if (options === null) return [head, '    any options (the plugin declares none)']
  return options.length === 0 ? [head, '    no options'] : [head, ...formatOptions(options)]
}

function formatOptions(options: readonly PluginOption[]): readonly string[] {
  const rows = options.map(({ key, type, required, default: fallback, description }) => {
    const unit = type === 'duration' ? ' ms' : ''
    const need = fallback !== null ? `default ${JSON.stringify(fallback)}${unit}` : required ? 'required' : 'optional'
    return [key, type, need, description] as const
  })
  const widthOf = (column: 0 | 1 | 2) => Math.max(...rows.map((row) => row[column].length))
  const [keys, types, needs] = [widthOf(0), widthOf(1), widthOf(2)]
  return rows.map(([key, type, need, description]) =>
    `    ${key.padEnd(keys)}  ${type.padEnd(types)}  ${need.padEnd(needs)}  ${description}`.trimEnd(),
  )
}

function formatProblem({ code, message, remedy }: ListedProblem, indent: string): string {
  return `${indent}PROBLEM ${message}\n${indent}    ${remedy} (${code})`
}

function formatSum(listing: PluginListing): string {
  const plugins = listing.units.reduce((sum, unit) => sum + unit.plugins.length, 0)
  return `${amount(plugins, 'plugin')} in ${amount(listing.units.length, 'unit')}, ${amount(countProblems(listing), 'problem')}\n`
}

function amount(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
