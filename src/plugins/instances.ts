import { frozenCopy } from '../config/frozen-copy.ts'
import type { PluginSection, PluginSettings } from '../config/model.ts'
import { formatPath } from '../config/path.ts'
import { isPlainObject } from '../config/plain-object.ts'
import { DEFAULT_PLUGIN_SETTINGS } from '../config/plugin-section.ts'
import { validate } from '../config/validate.ts'
import { quoted } from '../shared/code-table.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { CallSite, HookName } from './call.ts'
import type { Closers } from './closers.ts'
import type { Driver } from './driver.ts'
import { textOf } from './failure.ts'
import { readNames } from './names.ts'
import type { Place } from './place.ts'
import type { PluginMetrics } from './plugin-metrics.ts'
import { configProblem, formatProblem, PluginLoadError, type PluginProblem } from './problem.ts'
import type { PluginRegistry } from './registry.ts'
import type { LoadedPlugin, PluginKind, PluginKinds } from './runtime.ts'
import { createTools, type Toolbox } from './tools/plugin-tools.ts'
import { pluginSpan } from './traced-call.ts'

/** What a host gives to those who make instances. */
export interface Workshop {
  readonly registry: PluginRegistry
  readonly driver: Driver
  readonly log: Logger
  readonly lenient: boolean
  /** Of all instances; closed with the gateway. */
  readonly closers: Closers
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  readonly metrics: PluginMetrics
  readonly toolbox: Toolbox
  /** Whether requests are traced. */
  readonly traced: boolean
}

/** An instance for one place. */
export interface Made<Instance> {
  readonly plugin: LoadedPlugin
  readonly instance: Instance
  /** How the gateway treats it. */
  readonly settings: PluginSettings
  /** What the driver must know of a call of one of its hooks. */
  readonly site: (hook: HookName) => CallSite
}

type InstanceOf<K extends PluginKind> = NonNullable<Awaited<ReturnType<NonNullable<PluginKinds[K]>>>>
type Block = Readonly<Record<string, unknown>>

/**
 * Makes the instances that one place names, in the order of the names. Where a factory returned null there is none.
 * @param options of the namespace: the names, and beside them the options of each plugin
 * @param textAllowed whether the names may be one text in place of a list
 * @throws PluginLoadError
 */
export async function instancesAt<K extends PluginKind>(
  kind: K,
  options: unknown,
  place: Place,
  workshop: Workshop,
  { textAllowed }: { readonly textAllowed: boolean },
): Promise<Made<InstanceOf<K>>[]> {
  const block: Block = isPlainObject(options) ? options : {}
  const { names, problems } = readNames(block, place.where, textAllowed)
  const collected = [...problems]
  const made = await makeInstances(kind, names, block, place, workshop, collected)
  settleProblems(collected, place, workshop)
  return made
}

async function makeInstances<K extends PluginKind>(
  kind: K,
  names: readonly string[],
  block: Block,
  place: Place,
  workshop: Workshop,
  problems: PluginProblem[],
): Promise<Made<InstanceOf<K>>[]> {
  const made: Made<InstanceOf<K>>[] = []
  for (const [index, name] of names.entries()) {
    const settings = settingsOf(name, workshop.section)
    const plugin = workshop.registry.find(kind, name)
    if (plugin === undefined) {
      tellOrRefuse(unknownName(kind, name, place, workshop), settings, place, workshop, problems)
      continue
    }
    const log = workshop.log.tagged(`[PLUGIN: ${name}]`)
    const options = checkOptions(plugin, block[name], place, log, problems)
    if (options === REFUSED) continue
    const instance = await makeInstance(kind, plugin, { options, block, index }, place, log, workshop)
    if (instance instanceof FactoryFailed) {
      tellOrRefuse(instance.problem, settings, place, workshop, problems)
      continue
    }
    if (instance === null) continue
    made.push({ plugin, instance, settings, site: (hook) => siteOf(hook, plugin, place, log, workshop) })
  }
  return made
}

function siteOf(
  hook: HookName,
  { name, version }: LoadedPlugin,
  place: Place,
  log: Logger,
  { metrics, traced, driver: { running } }: Workshop,
): CallSite {
  const span = traced ? pluginSpan(hook, name, place) : null
  const ofHook = metrics.hook(name, hook)
  running.onStrayError(name, () => ofHook.countError())
  const mark = running.numberOf(`${quoted(name)}, ${hook} at ${place.tag}`)
  return { plugin: name, version, hook, place: place.tag, log, metrics: ofHook, mark, span }
}

/**
 * Stops the start, or, with `lenient`, tells what is left out and goes on.
 * @throws PluginLoadError unless there are no problems
 */
function settleProblems(problems: readonly PluginProblem[], place: Place, { lenient, log }: Workshop): void {
  if (problems.length === 0) return
  if (!lenient) throw new PluginLoadError(problems)
  for (const problem of problems) log.error(`${place.tag} ${formatProblem(problem)}`)
}

/**
 * Puts a plugin around the next step. One that fails there is treated as one whose factory failed; the step stands alone
 * then.
 * @throws PluginLoadError
 */
export function putAround<Step>(
  kind: PluginKind,
  { plugin, settings }: Made<unknown>,
  next: Step,
  place: Place,
  workshop: Workshop,
  wrap: () => Step,
): Step {
  try {
    return wrap()
  } catch (error) {
    const problems: PluginProblem[] = []
    tellOrRefuse(failedFactory(kind, plugin, place, error), settings, place, workshop, problems)
    settleProblems(problems, place, workshop)
    return next
  }
}

/** What the configuration says about a plugin of that name. */
export function settingsOf(name: string, section: PluginSection | null): PluginSettings {
  if (section === null) return DEFAULT_PLUGIN_SETTINGS
  return Object.hasOwn(section.settings, name) ? (section.settings[name] as PluginSettings) : section.defaults
}

/** A plugin that is `optional` is left out with a warning when it cannot be had. */
function tellOrRefuse(
  problem: PluginProblem,
  { optional }: PluginSettings,
  place: Place,
  { log }: Workshop,
  problems: PluginProblem[],
): void {
  if (optional) log.warning(`${place.tag} left out, for it is optional: ${formatProblem(problem)}`)
  else problems.push(problem)
}

/** With `lenient` the text that the reference logs is part of the message. */
function unknownName(kind: PluginKind, name: string, place: Place, workshop: Workshop): PluginProblem {
  const { registry, section, lenient } = workshop
  if (section !== null) {
    const { message, remedy } = registry.explainUnknown(kind, name)
    const told = lenient ? `No plugin registered as ${name}: ${message}` : message
    return configProblem('PLUGIN_NOT_FOUND', `${place.where}.name`, told, remedy)
  }
  const meant = registry.nearestName(kind, name)
  const remedy =
    meant === undefined ? 'add "plugin": { "folder": "…", "pattern": "" } at the root' : `did you mean "${meant}"?`
  return configProblem(
    'PLUGIN_NOT_FOUND',
    `${place.where}.name`,
    `no ${kind} plugin "${name}": the configuration has no plugin folder`,
    remedy,
  )
}

const REFUSED = Symbol('refused')

/** The plugin's own block after its schema, or `REFUSED` when it does not match. */
function checkOptions(
  plugin: LoadedPlugin,
  own: unknown,
  place: Place,
  log: Logger,
  problems: PluginProblem[],
): unknown {
  if (plugin.options === null) return own ?? {}
  const result = validate(plugin.options, own ?? {}, [plugin.name])
  let refused = false
  for (const { severity, path, message, remedy } of result.problems) {
    const problem = configProblem('PLUGIN_OPTIONS_INVALID', `${place.where}.${formatPath(path)}`, message, remedy ?? '')
    if (severity === 'warning') log.warning(formatProblem(problem))
    else {
      refused = true
      problems.push(problem)
    }
  }
  return refused ? REFUSED : result.value
}

/** Calls the factory; after one that fails, what it had opened is closed at once. */
async function makeInstance<K extends PluginKind>(
  kind: K,
  plugin: LoadedPlugin,
  given: { options: unknown; block: Block; index: number },
  place: Place,
  log: Logger,
  { driver, closers, toolbox, metrics }: Workshop,
): Promise<InstanceOf<K> | FactoryFailed | null> {
  const own = await createTools({ plugin: plugin.name, place, block: given.block, log }, toolbox, metrics)
  const { tools } = own
  const run = driver.factories.begin(`${quoted(plugin.name)}, factory of ${kind} at ${place.tag}`)
  const close = async (): Promise<void> => {
    await own.close()
    await run.left.close(log)
  }
  try {
    const factory = plugin.kinds[kind] as (setup: unknown) => Promise<InstanceOf<K> | null>
    const instance = await driver.create(run, () =>
      factory({ options: frozenCopy(given.options), tools, place: `${place.where} ${given.index}` }),
    )
    await closers.add(close, log)
    return instance
  } catch (error) {
    await close()
    return new FactoryFailed(failedFactory(kind, plugin, place, error))
  }
}

class FactoryFailed {
  readonly problem: PluginProblem

  constructor(problem: PluginProblem) {
    this.problem = problem
  }
}

/** A factory that failed. The text that the reference logs is part of the message. */
function failedFactory(kind: PluginKind, plugin: LoadedPlugin, place: Place, error: unknown): PluginProblem {
  const message = `Error getting the plugin handler: ${textOf(error)} (${kind} plugin "${plugin.name}" in ${plugin.file})`
  return configProblem(
    'PLUGIN_FACTORY_FAILED',
    `${place.where}.${formatPath([plugin.name])}`,
    message,
    'correct its options or its factory',
  )
}
