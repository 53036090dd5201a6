import { frozenCopy } from '../../config/frozen-copy.ts'
import type { Clock } from '../../pipes/clock.ts'
import type { Handler } from '../../pipes/http.ts'
import type { PluginTools } from '../../sdk/tools.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { Closers } from '../closers.ts'
import type { Place } from '../place.ts'
import type { PluginMetrics } from '../plugin-metrics.ts'
import type { Eventually } from '../runtime.ts'
import { EndSignal } from './end-signal.ts'
import { createFetch } from './fetch.ts'
import { checkMetricName } from './metric-name.ts'
import { createStore, type SharedStores } from './store.ts'
import { Timers } from './timers.ts'

/** What the tools of all plugins of a gateway are made of. */
export interface Toolbox {
  /** The gateway's HTTP client. */
  readonly client: Handler
  readonly clock: Clock
  /** Opens what all threads share, when the first plugin is made. */
  readonly stores: () => Promise<SharedStores>
}

/** How long a function given to `onClose` may take, milliseconds: one that never ends must not keep the gateway. */
const ON_CLOSE_MS = 5000

/** The instance that tools are made for. */
export interface ToolsFor {
  readonly plugin: string
  readonly place: Place
  /** The namespace's object. */
  readonly block: Readonly<Record<string, unknown>>
  /** Tagged with the plugin's name. */
  readonly log: Logger
}

/** The tools of one instance, and what ends them. */
export interface InstanceTools {
  readonly tools: PluginTools
  /** Ends the instance: first its timers and its signal, then what it opened, last of all its calls. */
  close(): Promise<void>
}

/** Makes what the factory of an instance is given. */
export async function createTools(
  { plugin, place, block, log }: ToolsFor,
  { client, clock, stores }: Toolbox,
  metrics: PluginMetrics,
): Promise<InstanceTools> {
  const shared = await stores()
  const closers = new Closers(ON_CLOSE_MS)
  const end = new EndSignal()
  const timers = new Timers({ clock, log, place: place.tag })
  let ended = false
  const tools: PluginTools = Object.freeze({
    log,
    config: frozenCopy(place.facts),
    block: frozenCopy(block),
    onClose: (close: () => Eventually<void>) => void closers.add(close, log),
    get signal() {
      return end.signal
    },
    fetch: createFetch({ client, clock, plugin, ended: () => ended }),
    store: createStore(plugin, shared),
    counter: (name, init) => metrics.counter(plugin, checkMetricName(name), init),
    histogram: (name, init) => metrics.histogram(plugin, checkMetricName(name), init),
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    every: timers.every,
    after: timers.after,
    wait: timers.wait,
  } satisfies PluginTools)
  return {
    tools,
    async close() {
      timers.close()
      end.abort()
      await closers.close()
      ended = true
    },
  }
}
