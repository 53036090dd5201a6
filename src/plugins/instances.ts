import { formatPath } from '../config/path.ts'
import { isPlainObject } from '../config/plain-object.ts'
import { validate } from '../config/validate.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { CallSite, HookName, PluginCounters } from './call.ts'
import { Closers } from './closers.ts'
import type { Driver } from './driver.ts'
import { textOf } from './failure.ts'
import type { Place } from './place.ts'
import { configProblem, formatProblem, PluginLoadError, type PluginProblem } from './problem.ts'
import type { PluginRegistry } from './registry.ts'
import type { LoadedPlugin, PluginKind, PluginKinds } from './runtime.ts'

/** What a host gives to those who make instances. */
export interface Workshop {
  readonly registry: PluginRegistry
  readonly driver: Driver
  readonly log: Logger
  readonly lenient: boolean
  /** Of all instances; closed with the gateway. */
  readonly closers: Closers
  /** False when the configuration has no `plugin` section at all. */
  readonly hasSection: boolean
  counters(plugin: LoadedPlugin): PluginCounters
}

/** An instance for one place. */
export interface Made<Instance> {
  readonly plugin: LoadedPlugin
  readonly instance: Instance
  /** What the driver must know of a call of one of its hooks. */
  readonly site: (hook: HookName) => CallSite
}

type InstanceOf<K extends PluginKind> = NonNullable<Awaited<ReturnType<NonNullable<PluginKinds[K]>>>>
export type Block = Readonly<Record<string, unknown>>

/** Makes the instances that one place names, in the order of the names. Where a factory returned null there is none. */
export async function makeInstances<K extends PluginKind>(
  kind: K,
  names: readonly string[],
  block: Block,
  place: Place,
  workshop: Workshop,
  problems: PluginProblem[],
): Promise<Made<InstanceOf<K>>[]> {
  const made: Made<InstanceOf<K>>[] = []
  for (const name of names) {
    const plugin = workshop.registry.find(kind, name)
    if (plugin === undefined) {
      problems.push(unknownName(kind, name, place, workshop))
      continue
    }
    const log = workshop.log.tagged(`[PLUGIN: ${name}]`)
    const options = checkOptions(plugin, block[name], place, log, problems)
    if (options === REFUSED) continue
    const instance = await makeInstance(kind, plugin, { options, block }, place, log, workshop, problems)
    if (instance === null) continue
    const shared = { plugin: name, place: place.tag, log, counters: workshop.counters(plugin) }
    made.push({ plugin, instance, site: (hook) => ({ ...shared, hook }) })
  }
  return made
}

/**
 * Stops the start, or, with `lenient`, tells what is left out and goes on.
 * @throws PluginLoadError unless there are no problems
 */
export function settleProblems(problems: readonly PluginProblem[], place: Place, { lenient, log }: Workshop): void {
  if (problems.length === 0) return
  if (!lenient) throw new PluginLoadError(problems)
  for (const problem of problems) log.error(`${place.tag} ${formatProblem(problem)}`)
}

function unknownName(kind: PluginKind, name: string, place: Place, { registry, hasSection }: Workshop): PluginProblem {
  if (hasSection) {
    const { message, remedy } = registry.explainUnknown(kind, name)
    return configProblem('PLUGIN_NOT_FOUND', `${place.where}.name`, message, remedy)
  }
  const remedy = 'add "plugin": { "folder": "…", "pattern": "" } at the root'
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
  given: { options: unknown; block: Block },
  place: Place,
  log: Logger,
  { driver, closers }: Workshop,
  problems: PluginProblem[],
): Promise<InstanceOf<K> | null> {
  const own = new Closers()
  const tools = {
    log,
    config: place.facts,
    block: given.block,
    onClose: (close: () => void | PromiseLike<void>) => void own.add(close, log),
  }
  try {
    const factory = plugin.kinds[kind] as (setup: unknown) => Promise<InstanceOf<K> | null>
    const instance = await driver.create(() => factory({ options: given.options, tools }))
    await closers.add(() => own.close(), log)
    return instance
  } catch (error) {
    await own.close()
    problems.push(failedFactory(kind, plugin, place, error))
    return null
  }
}

/** A factory that failed. The text that the reference logs is part of the message. */
export function failedFactory(kind: PluginKind, plugin: LoadedPlugin, place: Place, error: unknown): PluginProblem {
  const message = `Error getting the plugin handler: ${textOf(error)} (${kind} plugin "${plugin.name}" in ${plugin.file})`
  return configProblem(
    'PLUGIN_FACTORY_FAILED',
    `${place.where}.${formatPath([plugin.name])}`,
    message,
    'correct its options or its factory',
  )
}

/** The namespace's object as it was configured. */
export function toBlock(options: unknown): Block {
  return isPlainObject(options) ? options : {}
}
