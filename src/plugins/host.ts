import type { ServiceTools } from '../config/feature.ts'
import type { HttpStage } from '../pipes/http.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { PluginCounters } from './call.ts'
import { Closers } from './closers.ts'
import type { Driver } from './driver.ts'
import type { Workshop } from './instances.ts'
import { buildModifierStage } from './kinds/modifier.ts'
import { buildServerStage } from './kinds/server.ts'
import type { Place } from './place.ts'
import type { PluginRegistry } from './registry.ts'
import type { LoadedPlugin } from './runtime.ts'

/** The plugins of one gateway. Features reach it as the service `plugin`. */
export interface PluginHost {
  /** Instances of the server plugins that a place names, as one stage; null when there is none. Rejects with PluginLoadError. */
  server(options: unknown, place: Place): Promise<HttpStage | null>
  /** Instances of the modifiers that a place names, as one stage; null when there is none. Rejects with PluginLoadError. */
  modifier(options: unknown, place: Place): Promise<ProxyStage | null>
  /** What the calls of each plugin have come to, by `name` and file. */
  counters(): readonly PluginUse[]
  /** Closes all instances, the last made first. */
  close(): Promise<void>
}

export interface PluginUse extends Readonly<PluginCounters> {
  readonly name: string
  readonly version: string
  readonly file: string
}

export interface HostOptions {
  readonly registry: PluginRegistry
  readonly driver: Driver
  readonly log: Logger
  readonly lenient: boolean
  /** Whether the configuration has a `plugin` section. */
  readonly hasSection: boolean
}

/** A host for plugins that are loaded already. */
export function createPluginHost(options: HostOptions): PluginHost {
  const closers = new Closers()
  const counters = new Map<LoadedPlugin, PluginCounters>()
  const workshop: Workshop = {
    ...options,
    closers,
    counters: (plugin) => {
      const use = counters.get(plugin) ?? { calls: 0, errors: 0, totalMs: 0 }
      counters.set(plugin, use)
      return use
    },
  }
  return {
    server: (block, place) => buildServerStage(block, place, workshop),
    modifier: (block, place) => buildModifierStage(block, place, workshop),
    counters: () => [...counters].map(([{ name, version, file }, use]) => ({ name, version, file, ...use })),
    close: () => closers.close(),
  }
}

/** The host that the gateway provides to features. */
export function hostOf(tools: ServiceTools): PluginHost {
  const host = tools.service<PluginHost>('plugin')
  if (host === undefined) throw new Error('the gateway provides no plugin host under the service name "plugin"')
  return host
}
