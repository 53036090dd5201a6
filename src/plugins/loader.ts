import { type Dirent, readdirSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import type { PluginSection } from '../config/model.ts'
import type { Logger } from '../telemetry/logger.ts'
import { DEFAULT_LIMITS, Driver, type DriverLimits } from './driver.ts'
import { createPluginHost, type PluginHost } from './host.ts'
import { fileProblem, formatProblem, PluginLoadError, type PluginProblem } from './problem.ts'
import { PLUGIN_KINDS, PluginRegistry } from './registry.ts'
import type { LoadLimits, PluginKind, Runtime } from './runtime.ts'
import { moduleRuntime } from './runtimes/module.ts'

export interface LoadOptions {
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  readonly log: Logger
  /** Go on without what cannot be loaded, as the reference does. */
  readonly lenient: boolean
  readonly limits?: Partial<DriverLimits & LoadLimits>
}

const RUNTIMES: readonly Runtime[] = [moduleRuntime]
const LOAD_MS = 10_000

/** What the reference calls the kinds in its log. */
const LOG_NAMES: Record<PluginKind, string> = { server: 'Handler Plugin', modifier: 'Modifier Plugin' }

/**
 * Loads the plugins of a folder: its direct entries whose names hold `pattern`, in the order of their names' bytes
 * (specification: plugins 2). The host makes their instances; the caller closes it.
 * @throws PluginLoadError with every problem of every file; with `lenient` they are logged instead
 */
export async function loadPlugins({ section, log, lenient, limits = {} }: LoadOptions): Promise<PluginHost> {
  const registry = new PluginRegistry()
  const driver = new Driver({ ...DEFAULT_LIMITS, ...limits })
  const problems: PluginProblem[] = []
  if (section !== null) {
    log.debug('[SERVICE: Plugin Loader] Starting loading process')
    const files = findFiles(section, log, problems)
    for (const file of files) problems.push(...(await loadFile(file, registry, { loadMs: limits.loadMs ?? LOAD_MS })))
    if (problems.length > 0 && !lenient) throw new PluginLoadError(problems)
    for (const problem of problems) log.error(`[SERVICE: Plugin Loader] ${formatProblem(problem)}`)
    reportCounts(registry, log)
    log.debug('[SERVICE: Plugin Loader] Loading process completed')
  }
  return createPluginHost({ registry, driver, log, lenient, hasSection: section !== null })
}

function reportCounts(registry: PluginRegistry, log: Logger): void {
  for (const kind of PLUGIN_KINDS) {
    const count = registry.countFiles(kind)
    if (count > 0) log.info(`[SERVICE: ${LOG_NAMES[kind]}] Total plugins loaded: ${count}`)
  }
}

async function loadFile(file: string, registry: PluginRegistry, limits: LoadLimits): Promise<PluginProblem[]> {
  const runtime = RUNTIMES.find(({ extensions }) => extensions.includes(extname(file)))
  if (runtime === undefined) return [withoutRuntime(file)]
  try {
    return (await runtime.load(file, limits)).flatMap((plugin) => registry.add(plugin))
  } catch (error) {
    if (error instanceof PluginLoadError) return [...error.problems]
    throw error
  }
}

/** The files to load as absolute paths. What cannot be a plugin at all (a README, say) is left out. */
function findFiles({ folder, pattern }: PluginSection, log: Logger, problems: PluginProblem[]): string[] {
  const path = resolve(folder)
  let entries: Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    problems.push(unreadableFolder(path, error))
    return []
  }
  const candidates = entries.filter((entry) => isFile(entry, path)).map((entry) => entry.name)
  const plugins = candidates.filter(isPluginFile).sort(compareBytes)
  const matching = plugins.filter((name) => name.includes(pattern))
  for (const name of candidates) {
    if (name.includes(pattern) && !isPluginFile(name))
      log.debug(`[SERVICE: Plugin Loader] ${join(path, name)} is no plugin`)
  }
  if (matching.length === 0 && plugins.length > 0) {
    const others = plugins.join(', ')
    log.warning(
      `[SERVICE: Plugin Loader] no file in ${path} has "${pattern}" in its name (plugin.pattern); there are ${others}`,
    )
  }
  return matching.map((name) => join(path, name))
}

/** Links count as what they point to; a dangling one counts as a file, so that it is reported. */
function isFile(entry: Dirent, folder: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile()
  return statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isFile() ?? true
}

const UNSUPPORTED = ['.so', '.wasm']

function isPluginFile(name: string): boolean {
  if (/\.d\.m?ts$|\.(test|spec)\.m?[jt]s$/.test(name)) return false
  const extension = extname(name)
  return UNSUPPORTED.includes(extension) || RUNTIMES.some(({ extensions }) => extensions.includes(extension))
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function withoutRuntime(file: string): PluginProblem {
  return extname(file) === '.so'
    ? fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        'is a Go shared object, which only the gateway that it was built for can load',
        'a WebAssembly build of it will take its place in a later release; until then write it in TypeScript, or take the file out',
      )
    : fileProblem(
        'PLUGIN_RUNTIME_MISSING',
        file,
        'WebAssembly plugins are not supported yet',
        'take the file out until a release that supports them',
      )
}

function unreadableFolder(folder: string, error: unknown): PluginProblem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const what = code === 'ENOENT' ? 'no such file or directory' : code === 'ENOTDIR' ? 'not a directory' : String(error)
  const remedy = 'create the folder or correct plugin.folder; a relative path starts at the working directory'
  return fileProblem('PLUGIN_FOLDER_UNREADABLE', folder, `cannot read the plugin folder: ${what}`, remedy)
}
