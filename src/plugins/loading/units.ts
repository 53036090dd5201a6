import { realpathSync } from 'node:fs'
import { extname } from 'node:path'
import type { CodeFile } from '../../shared/code-table.ts'
import { RunningCode } from '../../shared/running-code.ts'
import { fileProblem, PluginLoadError, type PluginProblem } from '../problem.ts'
import type { LoadedCode, LoadedPlugin, LoadLimits, PluginUnit, Runtime } from '../runtime.ts'
import { moduleRuntime } from '../runtimes/module.ts'
import { type CodeReader, createCodeReader } from './code-files.ts'
import { isPluginPackage } from './package-entry.ts'
import { type FoundUnit, findUnits, type SourceOptions, unitAt } from './sources.ts'

/** A unit after loading. */
export interface LoadedUnit {
  readonly unit: PluginUnit
  /** Name of the runtime that its files go to; null when there is none. */
  readonly runtime: string | null
  /** Hash of its code; empty when it was not looked at. */
  readonly hash: string
  readonly plugins: readonly LoadedPlugin[]
  /** Kinds of which it has plugins that could not be registered, with the reasons; they are problems as well. */
  readonly refused: LoadedCode['refused']
  readonly martian: LoadedCode['martian']
  /** Why there are no plugins, or not all. */
  readonly problems: readonly PluginProblem[]
}

export interface LoadedUnits {
  /** In the order of loading. */
  readonly units: readonly LoadedUnit[]
  /** What concerns no single unit. */
  readonly problems: readonly PluginProblem[]
}

/** What loading may take by default. */
export const DEFAULT_LOAD_LIMITS: LoadLimits = { loadMs: 10_000 }

/** What runs plugins of this process alone. */
export const MODULE_RUNTIMES: readonly Runtime[] = [moduleRuntime]

/** Files of plugins that may have no runtime: told, never passed over. */
const PLUGIN_FILES = ['.so', '.wasm']

function extensionsOf(runtimes: readonly Runtime[]): readonly string[] {
  return [...new Set([...PLUGIN_FILES, ...runtimes.flatMap(({ extensions }) => extensions)])]
}

/** Finds and loads all units, one after the other; runs their top level, and no factory. */
export async function loadUnits(
  options: Omit<SourceOptions, 'extensions'>,
  limits: LoadLimits,
  runtimes: readonly Runtime[] = MODULE_RUNTIMES,
  running?: RunningCode,
): Promise<LoadedUnits> {
  const { units, problems } = findUnits({ ...options, extensions: extensionsOf(runtimes) })
  const readCode = createCodeReader()
  const loaded: LoadedUnit[] = []
  for (const unit of units) loaded.push(await loadUnit(unit, readCode, limits, runtimes, running))
  return { units: loaded, problems }
}

/** Loads the units of a folder, or the folder itself as the one unit where it is a plugin with a `package.json`. */
export async function loadFolder(
  options: Omit<SourceOptions, 'extensions'>,
  limits: LoadLimits,
  runtimes: readonly Runtime[],
): Promise<LoadedUnits> {
  const { folder } = options.section
  const itself = isPluginPackage(folder) ? await loadUnitAt(folder, limits, runtimes) : null
  return itself === null ? await loadUnits(options, limits, runtimes) : { units: [itself], problems: [] }
}

/** Loads the one unit that a path leads to, in the same way; null when nothing is there. */
export async function loadUnitAt(
  path: string,
  limits: LoadLimits,
  runtimes: readonly Runtime[],
): Promise<LoadedUnit | null> {
  const unit = unitAt(path)
  return unit === null ? null : await loadUnit(unit, createCodeReader(), limits, runtimes)
}

async function loadUnit(
  found: FoundUnit,
  readCode: CodeReader,
  limits: LoadLimits,
  runtimes: readonly Runtime[],
  running = new RunningCode(),
): Promise<LoadedUnit> {
  const { problem, ...unit } = found
  if (problem !== null)
    return { unit, runtime: null, hash: '', plugins: [], refused: {}, martian: [], problems: [problem] }
  const runtime = runtimes.find((candidate) => takes(candidate, unit))
  if (runtime === undefined) {
    return {
      unit,
      runtime: null,
      hash: '',
      plugins: [],
      refused: {},
      martian: [],
      problems: [withoutRuntime(unit.entry)],
    }
  }
  const common = { unit, runtime: runtime.name }
  let hash = ''
  try {
    const code = await readCode(unit)
    hash = code.hash
    const known = codeFile(unit)
    running.addFile(known)
    const { plugins, refused, martian } = await running.during({ text: `plugin file ${unit.entry}, loading` }, () =>
      runtime.load(unit, code, limits),
    )
    running.addFile({ ...known, plugins: plugins.map(({ name }) => name) })
    return { ...common, hash, plugins, refused, martian, problems: refusedProblems(unit, refused) }
  } catch (error) {
    return { ...common, hash, plugins: [], refused: {}, martian: [], problems: problemsOf(unit, error) }
  }
}

/** By the paths that stacks show, which are those behind links. */
function codeFile({ entry, root }: PluginUnit): CodeFile {
  return { file: realpathSync(entry), root: realpathSync(root), plugins: [] }
}

function takes({ extensions, packageExtensions }: Runtime, { kind, entry }: PluginUnit): boolean {
  const extension = extname(entry)
  return extensions.includes(extension) || (kind !== 'file' && packageExtensions.includes(extension))
}

/** What the sources mean to be a plugin and cannot be one must not be missing without a word. */
function refusedProblems({ entry }: PluginUnit, refused: LoadedCode['refused']): readonly PluginProblem[] {
  return Object.entries(refused).map(([kind, reason]) =>
    fileProblem(
      'PLUGIN_FILE_BROKEN',
      entry,
      `its ${kind} plugins could not be registered: ${reason}`,
      'correct the registerer in its sources, and build it anew',
    ),
  )
}

function problemsOf({ entry }: PluginUnit, error: unknown): readonly PluginProblem[] {
  if (error instanceof PluginLoadError) return error.problems
  if (error instanceof Error && 'syscall' in error) {
    return [fileProblem('PLUGIN_FILE_BROKEN', entry, `cannot be read: ${error.message}`, 'restore it, or take it out')]
  }
  throw error
}

function withoutRuntime(file: string): PluginProblem {
  switch (extname(file)) {
    case '.so':
      return fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        'is a Go shared object, which only the gateway that it was built for can load, and there is no WebAssembly build of it beside it',
        `build it from its sources, once: loligo plugin build DIR -o ${file.replace(/so$/, 'wasm')}`,
      )
    case '.wasm':
      return fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        'WebAssembly plugins need guests, and this program has given none',
        'give `guests` to the loader, or take the file out',
      )
    default:
      return fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        `is no file that can be run: its name ends in "${extname(file)}"`,
        'name a TypeScript or JavaScript module as the entry of the package',
      )
  }
}
