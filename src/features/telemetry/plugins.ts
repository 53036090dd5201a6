import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { type Handler, HttpResponse } from '../../pipes/http.ts'
import type { MetricReading } from '../../plugins/author-metrics.ts'
import type { PluginUse } from '../../plugins/host.ts'

/**
 * An endpoint that tells which plugins are loaded and how their calls go. It stands among the routes, as the health
 * endpoint does.
 */
export const pluginTelemetry = defineFeature({
  namespace: 'telemetry/plugins',
  levels: ['service'],
  options: Type.Object({
    path: Type.String({
      pattern: '^/(?!__(?:debug|echo)/)[^{}*?#\\s]*$',
      description: 'Where the endpoint is; a path without parameters',
      default: '/__plugins',
    }),
  }),
})

/** What the endpoint answers. */
export interface PluginReport {
  /** Which configuration answers: 1 for the one of the start. */
  readonly generation: number
  readonly plugins: readonly PluginUse[]
  /** What authors count. */
  readonly metrics: readonly MetricReading[]
}

/** Answers with the numbers of the moment. */
export function pluginEndpoint(report: () => PluginReport): Handler {
  return async () => HttpResponse.json(report(), { headers: { 'Cache-Control': 'no-store' } })
}
