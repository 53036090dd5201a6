import { type CounterMetric, type HistogramMetric, openCounter, openHistogram } from '../shared/metric-cells.ts'
import type { Surroundings } from '../shared/surroundings.ts'
import { type AuthorMetrics, createAuthorMetrics, type Distribution, readDistribution } from './author-metrics.ts'
import type { HookName } from './call.ts'

/** How the calls of one hook of one plugin go. */
export interface HookMetrics {
  /** A call is over. */
  record(tookMs: number): void
  /** A call threw, returned what it must not, or did not settle. An `HttpError` is a decision, not an error. */
  countError(): void
  /** The numbers of all threads. */
  read(): HookUse
}

/** What has been seen of one hook in all places that name it. Times are those between calls and their results. */
export interface HookUse extends Omit<Distribution, 'count' | 'mean'> {
  readonly calls: number
  readonly errors: number
  /** Milliseconds, as the quantiles; with all that lies behind `next` for hooks that have one. */
  readonly meanMs: number
}

/**
 * What is counted of plugins, by their names: how the calls of their hooks go, and what their authors count. The numbers
 * are those of all threads, and go on over reloads.
 */
export interface PluginMetrics extends AuthorMetrics {
  /** The same object for the same plugin and hook. */
  hook(plugin: string, hook: HookName): HookMetrics
  /** What has been seen of those hooks of a plugin that a place of the configuration names. */
  usesOf(plugin: string, hooks: readonly HookName[]): Partial<Record<HookName, HookUse>>
}

/** Milliseconds. They begin lower than those for calls over a network: most hooks only look at a message. */
const HOOK_BOUNDS: readonly number[] = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1000, 2500, 5000, 10_000, 30_000, 60_000],
]

/** Opens metrics in the memory that all threads share. */
export function createPluginMetrics({ cells, thread }: Pick<Surroundings, 'cells' | 'thread'>): PluginMetrics {
  const { row, rows } = thread
  const hooks = new Map<string, HookMetrics>()
  const known = (plugin: string, hook: HookName) => hooks.get(`${hook}|${plugin}`)
  const open = (plugin: string, hook: HookName) => {
    const cell = `plugin-hook|${hook}|${plugin}`
    const times = openHistogram(cells, cell, row, rows, HOOK_BOUNDS)
    const metrics = hookMetrics(times, openCounter(cells, `${cell}|errors`, row, rows))
    hooks.set(`${hook}|${plugin}`, metrics)
    return metrics
  }
  return {
    ...createAuthorMetrics({ cells, thread }),
    hook: (plugin, hook) => known(plugin, hook) ?? open(plugin, hook),
    usesOf(plugin, names) {
      const uses: Partial<Record<HookName, HookUse>> = {}
      for (const hook of names) {
        const use = known(plugin, hook)?.read()
        if (use !== undefined) uses[hook] = use
      }
      return uses
    },
  }
}

function hookMetrics(times: HistogramMetric, errors: CounterMetric): HookMetrics {
  return {
    record: (tookMs) => times.record(tookMs),
    countError: () => errors.add(1),
    read: () => {
      const { count, mean, ...rest } = readDistribution(times)
      return { calls: count, errors: errors.read(), meanMs: mean, ...rest }
    },
  }
}
