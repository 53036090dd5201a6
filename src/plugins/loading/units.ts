import { realpathSync } from 'node:fs'
import { extname } from 'node:path'
import type { CodeFile } from '../../shared/code-table.ts'
import { RunningCode } from '../../shared/running-code.ts'
import { fileProblem, PluginLoadError, type PluginProblem } from '../problem.ts'
import type { LoadedPlugin, LoadLimits, PluginUnit, Runtime } from '../runtime.ts'
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
  /** Why there are no plugins. */
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

const RUNTIMES: readonly Runtime[] = [moduleRuntime]

/** Files of plugins that no runtime takes: told, never passed over. */
const WITHOUT_RUNTIME = ['.so', '.wasm']

const EXTENSIONS = [...WITHOUT_RUNTIME, ...RUNTIMES.flatMap(({ extensions }) => extensions)]

/** Finds and loads all units, one after the other; runs their top level, and no factory. */
export async function loadUnits(
  options: Omit<SourceOptions, 'extensions'>,
  limits: LoadLimits,
  running?: RunningCode,
): Promise<LoadedUnits> {
  const { units, problems } = findUnits({ ...options, extensions: EXTENSIONS })
  const readCode = createCodeReader()
  const loaded: LoadedUnit[] = []
  for (const unit of units) loaded.push(await loadUnit(unit, readCode, limits, running))
  return { units: loaded, problems }
}

/** Loads the units of a folder, or the folder itself as the one unit where it is a plugin with a `package.json`. */
export async function loadFolder(options: Omit<SourceOptions, 'extensions'>, limits: LoadLimits): Promise<LoadedUnits> {
  const { folder } = options.section
  const itself = isPluginPackage(folder) ? await loadUnitAt(folder, limits) : null
  return itself === null ? await loadUnits(options, limits) : { units: [itself], problems: [] }
}

/** Loads the one unit that a path leads to, in the same way; null when nothing is there. */
export async function loadUnitAt(path: string, limits: LoadLimits): Promise<LoadedUnit | null> {
  const unit = unitAt(path)
  return unit === null ? null : await loadUnit(unit, createCodeReader(), limits)
}

async function loadUnit(
  found: FoundUnit,
  readCode: CodeReader,
  limits: LoadLimits,
  running = new RunningCode(),
): Promise<LoadedUnit> {
  const { problem, ...unit } = found
  if (problem !== null) return { unit, runtime: null, hash: '', plugins: [], problems: [problem] }
  const runtime = RUNTIMES.find((candidate) => takes(candidate, unit))
  if (runtime === undefined) {
    return { unit, runtime: null, hash: '', plugins: [], problems: [withoutRuntime(unit.entry)] }
  }
  const common = { unit, runtime: runtime.name }
  let hash = ''
  try {
    const code = await readCode(unit)
    hash = code.hash
    const known = codeFile(unit)
    running.addFile(known)
    const plugins = await running.during({ text: `plugin file ${unit.entry}, loading` }, () =>
      runtime.load(unit, code, limits),
    )
    running.addFile({ ...known, plugins: plugins.map(({ name }) => name) })
    return { ...common, hash, plugins, problems: [] }
  } catch (error) {
    return { ...common, hash, plugins: [], problems: problemsOf(unit, error) }
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
        'is a Go shared object, which only the gateway that it was built for can load',
        'a WebAssembly build of it will take its place in a later release; until then write it in TypeScript, or take the file out',
      )
    case '.wasm':
      return fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        'WebAssembly plugins are not supported yet',
        'take the file out until a release that supports them',
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
