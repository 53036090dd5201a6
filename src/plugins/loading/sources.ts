import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, parse, resolve } from 'node:path'
import type { PluginSection } from '../../config/model.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { configProblem, fileProblem, type PluginProblem } from '../problem.ts'
import type { PluginUnit } from '../runtime.ts'
import { findNpmPackage, isPackageSpecifier, packageName } from './npm-package.ts'
import { packageEntry } from './package-entry.ts'

/** Something that should hold plugins: a unit, or the reason why it is none. */
export type FoundUnit = PluginUnit & { readonly problem: PluginProblem | null }

export interface Sources {
  /** In the order of loading: the folder's by the bytes of their names, then the packages as they are listed. */
  readonly units: readonly FoundUnit[]
  /** What concerns no single unit: a folder that cannot be read. */
  readonly problems: readonly PluginProblem[]
}

export interface SourceOptions {
  readonly section: PluginSection
  /** Packages are looked for from its folder first; empty: from the working directory alone. */
  readonly configFile: string
  /** Endings of files that may be plugins, with the dot. */
  readonly extensions: readonly string[]
  readonly log: Logger
}

/**
 * Finds what is to be loaded (specification: plugins 2). Files count as in the reference, but that `NAME.wasm` stands for
 * `NAME.so`; a subfolder with a
 * `package.json` is one unit, whose name or entry must have the pattern in it.
 */
export function findUnits(options: SourceOptions): Sources {
  const { section, configFile, log } = options
  const problems: PluginProblem[] = []
  if (section.folder === '' && section.packages.length === 0) {
    log.warning('[SERVICE: Plugin Loader] "plugin" names no folder and no packages, so nothing is loaded')
  }
  const inFolder = section.folder === '' ? [] : scanFolder(options, problems)
  const places = [...new Set([...(configFile === '' ? [] : [dirname(resolve(configFile))]), process.cwd()])]
  const packages = section.packages.map((name, index) => npmUnit(name, `plugin.packages[${index}]`, places))
  return { units: [...inFolder, ...packages], problems }
}

/** The unit that a path leads to, whatever it is called, or the one that stands for it; null when nothing is there. */
export function unitAt(path: string): FoundUnit | null {
  const place = standIn(resolve(path))
  const stats = statSync(place, { throwIfNoEntry: false })
  if (stats === undefined) return null
  const name = basename(place)
  if (stats.isDirectory()) return folderUnit(name, place)
  return { kind: 'file', name, path: place, entry: place, root: dirname(place), problem: null }
}

/** The names by which settings can mean a unit before it is known which plugins it holds. */
export function namesOf({ kind, name }: PluginUnit): readonly string[] {
  if (kind === 'file') return [parse(name).name]
  return kind === 'package' && name.includes('/') ? [name, basename(name)] : [name]
}

/** What cannot be a plugin at all (a README, say) is left out. */
function scanFolder({ section, extensions, log }: SourceOptions, problems: PluginProblem[]): FoundUnit[] {
  const folder = resolve(section.folder)
  const { pattern } = section
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    problems.push(unreadableFolder(folder, error))
    return []
  }
  const units: FoundUnit[] = []
  const names = new Set(entries.map(({ name }) => name))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isStoodFor(entry.name, names)) continue
    if (isFolder(entry, path)) {
      if (isPackageFolder(entry.name, path)) units.push(folderUnit(entry.name, path))
    } else if (!isFile(entry, path)) continue
    else if (isPluginFile(entry.name, extensions)) {
      units.push({ kind: 'file', name: entry.name, path, entry: path, root: folder, problem: null })
    } else if (entry.name.includes(pattern)) log.debug(`[SERVICE: Plugin Loader] ${path} is no plugin`)
  }
  units.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const matching = units.filter((unit) => matches(unit, pattern))
  if (matching.length === 0 && units.length > 0) {
    const others = units.map(({ name }) => name).join(', ')
    log.warning(
      `[SERVICE: Plugin Loader] nothing in ${folder} has "${pattern}" in its name (plugin.pattern); there are ${others}`,
    )
  }
  return matching
}

/** A shared object whose WebAssembly build lies beside it: that is loaded in its place. */
function isStoodFor(name: string, names: ReadonlySet<string>): boolean {
  return name.endsWith('.so') && names.has(`${name.slice(0, -'.so'.length)}.wasm`)
}

function standIn(path: string): string {
  const built = path.replace(/\.so$/, '.wasm')
  return existsSync(built) ? built : path
}

/** A WebAssembly file also counts under the name of the shared object that it stands for: patterns are often `.so`. */
function matches({ kind, name, entry }: PluginUnit, pattern: string): boolean {
  if (name.includes(pattern)) return true
  if (kind === 'folder') return basename(entry).includes(pattern)
  return name.endsWith('.wasm') && name.replace(/wasm$/, 'so').includes(pattern)
}

/** Links count as what they point to. */
function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** A dangling link counts as a file, so that it is reported. */
function isFile(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile()
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true
}

function isPackageFolder(name: string, path: string): boolean {
  return name !== 'node_modules' && existsSync(join(path, 'package.json'))
}

function isPluginFile(name: string, extensions: readonly string[]): boolean {
  return extensions.includes(extname(name)) && !/\.d\.m?ts$|\.(test|spec)\.m?[jt]s$/.test(name)
}

function folderUnit(name: string, path: string): FoundUnit {
  const unit = { kind: 'folder', name, path, root: path } as const
  const found = packageEntry(path)
  if ('file' in found) return { ...unit, entry: found.file, problem: null }
  const remedy =
    'name the module with the plugin as "exports" or "main"; a folder that only helps others has no package.json'
  return { ...unit, entry: '', problem: fileProblem('PLUGIN_FILE_BROKEN', path, found.reason, remedy) }
}

function npmUnit(name: string, where: string, places: readonly string[]): FoundUnit {
  const without = (problem: PluginProblem): FoundUnit => ({
    kind: 'package',
    name,
    path: '',
    entry: '',
    root: '',
    problem,
  })
  if (!isPackageSpecifier(name)) {
    const remedy = 'write the name that `npm install` takes; files belong into the plugin folder'
    return without(configProblem('PLUGIN_NAME_MALFORMED', where, `"${name}" is no name of an npm package`, remedy))
  }
  try {
    const found = findNpmPackage(name, places)
    if (found !== null) return { kind: 'package', name, path: found.root, ...found, problem: null }
  } catch (error) {
    const message = `the npm package "${name}" cannot be imported: ${error instanceof Error ? error.message : String(error)}`
    return without(configProblem('PLUGIN_FILE_BROKEN', where, message, 'name a module that the package exports'))
  }
  const message = `the npm package "${name}" is not installed; looked for from ${places.join(' and ')}`
  return without(
    configProblem('PLUGIN_PACKAGE_MISSING', where, message, `run \`npm install ${packageName(name)}\` there`),
  )
}

function unreadableFolder(folder: string, error: unknown): PluginProblem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const what = code === 'ENOENT' ? 'no such file or directory' : code === 'ENOTDIR' ? 'not a directory' : String(error)
  const remedy = 'create the folder or correct plugin.folder; a relative path starts at the working directory'
  return fileProblem('PLUGIN_FOLDER_UNREADABLE', folder, `cannot read the plugin folder: ${what}`, remedy)
}
