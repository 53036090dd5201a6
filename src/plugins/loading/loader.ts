import type { PluginSection, UpstreamOptions } from '../../config/model.ts'
import { nearest } from '../../config/nearest.ts'
import { type Clock, SYSTEM_CLOCK } from '../../pipes/clock.ts'
import { Failure } from '../../pipes/failure.ts'
import type { Handler } from '../../pipes/http.ts'
import type { Plugin } from '../../sdk/define-plugin.ts'
import { CellRegistry } from '../../shared/cells.ts'
import { Readiness } from '../../shared/readiness.ts'
import type { RunningCode } from '../../shared/running-code.ts'
import { createStoreOwner } from '../../shared/store-owner.ts'
import { alone } from '../../shared/surroundings.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { Closers } from '../closers.ts'
import { DEFAULT_LIMITS, Driver, type DriverLimits } from '../driver.ts'
import { createPluginHost, type PluginHost } from '../host.ts'
import { settingsOf } from '../instances.ts'
import { permissionProblems } from '../permission-problems.ts'
import { createPluginMetrics, type PluginMetrics } from '../plugin-metrics.ts'
import { formatProblem, PluginLoadError, type PluginProblem } from '../problem.ts'
import { PLUGIN_KINDS, PluginRegistry } from '../registry.ts'
import type { LoadLimits, PluginKind, Runtime } from '../runtime.ts'
import type { Guests } from '../runtimes/go/guests.ts'
import { goRuntimeOnDemand } from '../runtimes/go-on-demand.ts'
import { moduleRuntime, toLoadedPlugin } from '../runtimes/module.ts'
import { openStores } from '../tools/open-stores.ts'
import type { Toolbox } from '../tools/plugin-tools.ts'
import type { SharedStores } from '../tools/store.ts'
import { fingerprintOf } from './code-files.ts'
import { namesOf } from './sources.ts'
import { DEFAULT_LOAD_LIMITS, type LoadedUnit, loadUnits, MODULE_RUNTIMES } from './units.ts'

export interface LoadOptions {
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  /** Packages are looked for from its folder; by default, and when it is empty, from the working directory alone. */
  readonly configFile?: string
  readonly log: Logger
  /** Go on without what cannot be loaded, as the reference does. */
  readonly lenient: boolean
  /** Plugins of the program around the gateway: they are there without a folder. */
  readonly inline?: readonly Plugin[]
  /** Plugins that come with the gateway: each is there unless another has its name. */
  readonly bundled?: readonly Plugin[]
  /** The names of all that come with it, for who misspells one. */
  readonly bundledNames?: readonly string[]
  /** The machine's by default. */
  readonly clock?: Clock
  /** In-process ones by default. */
  readonly metrics?: PluginMetrics
  /** The HTTP client that plugins call others with; by default there is none. */
  readonly client?: Handler
  /** Opens what plugins share with their like in other threads; by default they share it in this process. */
  readonly stores?: () => Promise<SharedStores>
  /** Whether requests are traced; by default they are not. */
  readonly traced?: boolean
  readonly limits?: Partial<DriverLimits & LoadLimits>
  /** Where it is noted which plugin runs; nobody looks by default. */
  readonly running?: RunningCode
  /** The guests that plugins of Go sources run in; without them there are no such plugins. */
  readonly guests?: Guests
  /** Which configuration this is. */
  readonly generation?: number
  /** The settings of the gateway's own calls: those of Go plugins have the same by default. */
  readonly upstream?: UpstreamOptions
  /** Is told where to ask what keeps plugins from working. */
  readonly readiness?: Readiness
}

/** The origin of plugins that come with the gateway, and of those that a program gave. */
const BUNDLED = { file: '(bundled)', unit: '(bundled)', hash: '', runtime: moduleRuntime.name }
const IN_PROGRAM = { file: '(program)', unit: '(program)', hash: '', runtime: moduleRuntime.name }

/** What the reference calls the kinds in its log. */
const LOG_NAMES: Record<PluginKind, string> = {
  server: 'Handler Plugin',
  modifier: 'Modifier Plugin',
  middleware: 'Middleware Plugin',
  client: 'Executor Plugin',
}

/**
 * Loads the plugins of a program, of the plugin folder and of npm packages, in this order (specification: plugins 2). The
 * host makes their instances; the caller closes it.
 * @throws PluginLoadError with every problem of every unit; with `lenient` they are logged instead, but for permissions to
 * which nobody would be held
 */
export async function loadPlugins(options: LoadOptions): Promise<PluginHost> {
  const { section, log, lenient, inline = [], limits = {} } = options
  const registry = new PluginRegistry(options.bundledNames)
  const driver = new Driver({ ...DEFAULT_LIMITS, ...limits }, options.clock, options.running)
  const problems: PluginProblem[] = inline.flatMap((plugin) => registry.add(toLoadedPlugin(plugin, IN_PROGRAM)))
  let codeFingerprint = ''
  let units: readonly LoadedUnit[] = []
  const closers = new Closers()
  if (section !== null) {
    log.debug('[SERVICE: Plugin Loader] Starting loading process')
    const { configFile = '' } = options
    const runtimes = runtimesOf(options, closers)
    const loadLimits = { ...DEFAULT_LOAD_LIMITS, ...limits }
    const loaded = await loadUnits({ section, configFile, log }, loadLimits, runtimes, driver.running)
    units = loaded.units
    problems.push(...loaded.problems)
    for (const unit of loaded.units) problems.push(...register(unit, registry, section, log))
    warnOfUnknownSettings(section, registry, loaded.units, log)
    codeFingerprint = fingerprintOf(loaded.units.map(({ unit: { name }, hash }) => ({ name, hash })))
  }
  addBundled(options.bundled ?? [], registry, log)
  const unheld = unheldPermissions(section, inline, units, registry)
  if (unheld.length > 0 || (problems.length > 0 && !lenient)) {
    await closers.close()
    throw new PluginLoadError([...problems, ...unheld])
  }
  for (const problem of problems) log.error(`[SERVICE: Plugin Loader] ${formatProblem(problem)}`)
  if (section !== null) {
    reportCounts(registry, log)
    log.debug('[SERVICE: Plugin Loader] Loading process completed')
  }
  const { metrics = createPluginMetrics(alone()), traced = false } = options
  const toolbox = toolboxOf(options)
  return createPluginHost({
    registry,
    driver,
    log,
    lenient,
    section,
    metrics,
    toolbox,
    traced,
    codeFingerprint,
    closers,
  })
}

function runtimesOf(
  { guests, generation = 1, section, upstream, readiness = new Readiness(), log }: LoadOptions,
  closers: Closers,
): readonly Runtime[] {
  if (guests === undefined) return MODULE_RUNTIMES
  const go = goRuntimeOnDemand({
    guests,
    generation,
    section,
    upstream: upstream ?? null,
    readiness,
    log,
    onClose: (close) => void closers.add(close, log),
  })
  return [...MODULE_RUNTIMES, go]
}

function toolboxOf({ client = withoutClient, clock = SYSTEM_CLOCK, stores }: LoadOptions): Toolbox {
  const own = () => openStores({ cells: new CellRegistry(), values: createStoreOwner().store, clock })
  return { client, clock, stores: stores ?? own() }
}

const withoutClient: Handler = () => Promise.reject(new Failure('there is no HTTP client here'))

/** Permissions to which nobody would be held: they stop the start, leniently too. */
function unheldPermissions(
  section: PluginSection | null,
  inline: readonly Plugin[],
  units: readonly LoadedUnit[],
  registry: PluginRegistry,
): readonly PluginProblem[] {
  if (section === null) return []
  const own = inline.map(({ name }) => ({
    plugin: { name, runtime: moduleRuntime.name },
    fileNames: [],
    bundled: false,
  }))
  const loaded = units.flatMap(({ unit, runtime, plugins }) => {
    // A file that failed, or that holds no plugin under a name, is meant by its own.
    const all = plugins.length > 0 ? plugins : [{ name: unit.name, runtime: runtime ?? '' }]
    return all.map((plugin) => ({ plugin, fileNames: namesOf(unit), bundled: false }))
  })
  const bundled = registry.all().filter(({ file }) => file === BUNDLED.file)
  const gateways = bundled.map((plugin) => ({ plugin, fileNames: [], bundled: true }))
  const complete = units.every(({ problems }) => problems.length === 0)
  return permissionProblems([...own, ...loaded, ...gateways], section, complete)
}

/** Adds what comes with the gateway, unless an author has put a plugin of that name in its place. */
function addBundled(plugins: readonly Plugin[], registry: PluginRegistry, log: Logger): void {
  for (const plugin of plugins) {
    const own = registry.all().find(({ name }) => name === plugin.name)
    if (own === undefined) registry.add(toLoadedPlugin(plugin, BUNDLED))
    else log.info(`[SERVICE: Plugin Loader] "${own.name}" of ${own.file} takes the place of the one of the gateway`)
  }
}

/** Adds a unit's plugins; what keeps an optional one from being loaded is a warning. */
function register(
  { unit, plugins, martian, problems }: LoadedUnit,
  registry: PluginRegistry,
  section: PluginSection,
  log: Logger,
): readonly PluginProblem[] {
  for (const modifier of martian) registry.addMartian(modifier)
  const clashes = plugins.flatMap((plugin) => registry.add(plugin))
  const names = namesOf(unit)
  const known = names.find((name) => Object.hasOwn(section.settings, name)) ?? unit.name
  if (problems.length === 0 || !settingsOf(known, section).optional) return [...problems, ...clashes]
  for (const problem of problems) {
    log.warning(`[SERVICE: Plugin Loader] left out, for it is optional: ${formatProblem(problem)}`)
  }
  return clashes
}

/** Settings of a name that no plugin has hold for nothing; those of a unit that failed may be meant for its plugins. */
function warnOfUnknownSettings(
  section: PluginSection,
  registry: PluginRegistry,
  units: readonly LoadedUnit[],
  log: Logger,
): void {
  // Of files in WebAssembly the name counts for what they may do.
  const files = new Set(
    units.flatMap(({ unit, runtime, problems }) =>
      problems.length > 0 || runtime !== moduleRuntime.name ? namesOf(unit) : [],
    ),
  )
  for (const name of Object.keys(section.settings)) {
    if (registry.has(name) || files.has(name)) continue
    const known = registry.all().map((plugin) => plugin.name)
    const meant = nearest(name, known, 0.34)
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
    log.warning(`[SERVICE: Plugin Loader] plugin.settings: no loaded plugin has the name "${name}"${hint}`)
  }
}

function reportCounts(registry: PluginRegistry, log: Logger): void {
  for (const kind of PLUGIN_KINDS) {
    const count = registry.countFiles(kind)
    if (count > 0) log.info(`[SERVICE: ${LOG_NAMES[kind]}] Total plugins loaded: ${count}`)
  }
}
