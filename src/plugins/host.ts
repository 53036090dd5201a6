import type { ServiceTools } from '../config/feature.ts'
import type { PluginSection } from '../config/model.ts'
import type { HttpStage } from '../pipes/http.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type HookName, hooksOf } from './call.ts'
import { Closers } from './closers.ts'
import type { Driver } from './driver.ts'
import type { Workshop } from './instances.ts'
import { buildClientStage } from './kinds/client.ts'
import { buildMiddlewareStage } from './kinds/middleware.ts'
import { buildModifierStage } from './kinds/modifier.ts'
import { buildServerStage } from './kinds/server.ts'
import { seeNumberTexts } from './number-texts.ts'
import type { Place } from './place.ts'
import type { HookUse, PluginMetrics } from './plugin-metrics.ts'
import { PLUGIN_KINDS, type PluginRegistry } from './registry.ts'
import type { GuestUse, LoadedPlugin, MartianPlugin, PluginKind } from './runtime.ts'
import type { Toolbox } from './tools/plugin-tools.ts'

/** The plugins of one gateway. Features reach it as the service `plugin`. */
export interface PluginHost {
  /** Instances of the server plugins that a place names, as one stage; null when there is none. Rejects with PluginLoadError. */
  server(options: unknown, place: Place): Promise<HttpStage | null>
  /** Instances of the modifiers that a place names, as one stage; null when there is none. Rejects with PluginLoadError. */
  modifier(options: unknown, place: Place): Promise<ProxyStage | null>
  /** Instances of the middlewares that a place names, as one stage; null when there is none. Rejects with PluginLoadError. */
  middleware(options: unknown, place: Place): Promise<ProxyStage | null>
  /** Instances of the client plugins that a backend names, as one stage; null when there is none. Rejects with PluginLoadError. */
  client(options: unknown, place: Place): Promise<HttpStage | null>
  /** The modifier that plugins have registered for `modifier/martian` under that name. */
  martian(name: string): MartianPlugin | undefined
  /** Whether some of the plugins that such blocks name see numbers of data as texts, and none sees them otherwise. */
  seeNumberTexts(extras: readonly Readonly<Record<string, unknown>>[]): boolean
  /** Every loaded plugin, and what the calls of its hooks have come to in all threads. */
  counters(): readonly PluginUse[]
  /** Changes with the code of the units that were loaded; empty when there was nothing to load. */
  readonly codeFingerprint: string
  /** Closes all instances, the last made first. */
  close(): Promise<void>
}

/**
 * A loaded plugin as it is used.
 *
 * @example
 * const [use] = gateway.plugins()
 * assert.equal(use?.hooks.server?.errors, 0)
 */
export interface PluginUse {
  readonly name: string
  /** Empty when the author gave none. */
  readonly version: string
  readonly file: string
  /** Changes with its code; empty for plugins of the program around the gateway. */
  readonly hash: string
  readonly kinds: readonly PluginKind[]
  /** The hooks that the configuration names somewhere. */
  readonly hooks: Readonly<Partial<Record<HookName, HookUse>>>
  /** How the instance fares that it runs in; absent for plugins that run in the gateway's own threads. */
  readonly guest?: GuestUse
}

export interface HostOptions {
  readonly registry: PluginRegistry
  readonly driver: Driver
  readonly log: Logger
  readonly lenient: boolean
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  readonly metrics: PluginMetrics
  readonly toolbox: Toolbox
  /** Whether requests are traced. */
  readonly traced: boolean
  /** Of the units that were loaded. */
  readonly codeFingerprint: string
  /** Closes what the plugins were loaded with, after their instances. */
  readonly closers?: Closers
}

/** A host for plugins that are loaded already. */
export function createPluginHost(options: HostOptions): PluginHost {
  const { registry, metrics, closers = new Closers() } = options
  const workshop: Workshop = { ...options, closers }
  return {
    server: (block, place) => buildServerStage(block, place, workshop),
    modifier: (block, place) => buildModifierStage(block, place, workshop),
    middleware: (block, place) => buildMiddlewareStage(block, place, workshop),
    client: (block, place) => buildClientStage(block, place, workshop),
    martian: (name) => registry.findMartian(name),
    seeNumberTexts: (extras) => seeNumberTexts(extras, registry),
    counters: () => registry.all().map((plugin) => useOf(plugin, metrics)),
    codeFingerprint: options.codeFingerprint,
    close: () => closers.close(),
  }
}

function useOf(plugin: LoadedPlugin, metrics: PluginMetrics): PluginUse {
  const { name, version, file, hash } = plugin
  const kinds = PLUGIN_KINDS.filter((kind) => plugin.kinds[kind] !== undefined)
  const guest = plugin.guest?.()
  const hooks = metrics.usesOf(name, kinds.flatMap(hooksOf))
  return { name, version, file, hash, kinds, hooks, ...(guest !== undefined && { guest }) }
}

/** The host that the gateway provides to features. */
export function hostOf(tools: ServiceTools): PluginHost {
  const host = tools.service<PluginHost>('plugin')
  if (host === undefined) throw new Error('the gateway provides no plugin host under the service name "plugin"')
  return host
}
