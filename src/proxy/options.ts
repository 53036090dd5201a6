import { defineFeature } from '../config/feature.ts'
import { type Static, Type } from '../config/type.ts'

const flatmapOperation = Type.Object({
  type: Type.String({ description: '`move`, `del` or `append`' }),
  args: Type.Array(Type.String(), { description: 'paths: dots separate keys, `*` stands for any' }),
})

const staticData = Type.Object({
  strategy: Type.Optional(
    Type.String({ description: '`always`, `success`, `errored`, `complete` or `incomplete`', default: 'always' }),
  ),
  data: Type.Record(Type.String(), Type.Unknown(), { description: 'root keys that overwrite those of the answer' }),
})

const proxyOptions = Type.Object({
  sequential: Type.Optional(Type.Boolean({ description: 'call the backends one after the other', default: false })),
  sequential_propagated_params: Type.Optional(
    Type.Array(Type.String(), { description: 'values of earlier answers that later components get as parameters' }),
  ),
  combiner: Type.Optional(Type.String({ description: 'how answers are merged; there is only `default`' })),
  flatmap_filter: Type.Optional(Type.Array(flatmapOperation, { description: 'moves, deletes and appends fields' })),
  force_sandboxed_request: Type.Optional(
    Type.Boolean({ description: 'each backend gets a copy of the request of its own (always so here)' }),
  ),
  shadow: Type.Optional(Type.Boolean({ description: 'the backend gets a copy and its answer is dropped' })),
  shadow_timeout: Type.Optional(Type.Duration({ description: 'time of a shadow call; the endpoint’s when absent' })),
  static: Type.Optional(staticData),
  max_payload: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'at an endpoint: bytes of a request’s body; more is answered with 413; 0 for no limit',
    }),
  ),
})

export type ProxyOptions = Static<typeof proxyOptions>

/** The `proxy` namespace of endpoints and backends: options of the proxy room and of flatmap in a backend. */
export const proxyNamespace = defineFeature({
  namespace: 'proxy',
  options: proxyOptions,
  levels: ['endpoint', 'backend'],
})

/** The `proxy` options of a place; empty when there are none. */
export function proxyOptionsOf(place: { readonly extra: Readonly<Record<string, unknown>> }): ProxyOptions {
  return (place.extra.proxy as ProxyOptions | undefined) ?? {}
}
