import { ALIASES } from './namespace-aliases.ts'

/** A place where components can be configured. */
export type Level = 'service' | 'endpoint' | 'backend'

/** What is known about a namespace, whether a feature implements it or not. */
export interface Namespace {
  /** Where it can stand in the community or the enterprise edition of the reference. */
  readonly levels: readonly Level[]
  /** Its silent absence would leave traffic unguarded or changed. */
  readonly guards: boolean
}

const S: readonly Level[] = ['service']
const E: readonly Level[] = ['endpoint']
const B: readonly Level[] = ['backend']
const SE: readonly Level[] = ['service', 'endpoint']
const EB: readonly Level[] = ['endpoint', 'backend']
const SB: readonly Level[] = ['service', 'backend']
const SEB: readonly Level[] = ['service', 'endpoint', 'backend']

/** Namespaces whose absence changes what clients are answered or lets through what should be stopped. */
const GUARDING: Readonly<Record<string, readonly Level[]>> = {
  'ai/llm': B,
  'ai/mcp': SE,
  'auth/api-keys': SE,
  'auth/aws-sigv4': B,
  'auth/basic': SE,
  'auth/client-credentials': B,
  'auth/gcp': B,
  'auth/ntlm': B,
  'auth/revoker': S,
  'auth/signer': E,
  'auth/validator': SE,
  'backend/amqp/consumer': B,
  'backend/amqp/producer': B,
  'backend/conditional': B,
  'backend/graphql': B,
  'backend/grpc': B,
  'backend/http': B,
  'backend/http/client': B,
  'backend/lambda': B,
  'backend/pubsub/publisher': B,
  'backend/pubsub/publisher/kafka': B,
  'backend/pubsub/subscriber': B,
  'backend/pubsub/subscriber/kafka': B,
  'backend/soap': B,
  'backend/static-filesystem': B,
  'governance/quota': SEB,
  grpc: S,
  'modifier/body-generator': EB,
  'modifier/jmespath': EB,
  'modifier/lua-backend': B,
  'modifier/lua-endpoint': SE,
  'modifier/lua-proxy': E,
  'modifier/martian': B,
  'modifier/request-body-extractor': SE,
  'modifier/request-body-extractor/early': E,
  'modifier/request-body-generator': EB,
  'modifier/response-body': EB,
  'modifier/response-body-generator': EB,
  'modifier/response-headers': SE,
  'plugin/http-client': B,
  'plugin/http-server': SE,
  'plugin/middleware': EB,
  'plugin/req-resp-modifier': EB,
  proxy: EB,
  'qos/circuit-breaker': B,
  'qos/circuit-breaker/http': B,
  'qos/http-cache': B,
  'qos/ratelimit/proxy': B,
  'qos/ratelimit/router': E,
  'qos/ratelimit/router/redis': E,
  'qos/ratelimit/service': S,
  'qos/ratelimit/service/redis': S,
  'qos/ratelimit/tiered': SE,
  router: S,
  'security/bot-detector': SE,
  'security/cors': SE,
  'security/http': SE,
  'security/policies': EB,
  'server/static-filesystem': S,
  'server/virtualhost': S,
  'validation/cel': EB,
  'validation/json-schema': E,
  'validation/response-json-schema': EB,
  websocket: E,
  workflow: B,
}

/** Namespaces that observe, describe or provide, without a change of the traffic by themselves. */
const OTHERS: Readonly<Record<string, readonly Level[]>> = {
  'documentation/openapi': SE,
  'documentation/postman': SE,
  'governance/processors': S,
  redis: S,
  'telemetry/ganalytics': S,
  'telemetry/gelf': S,
  'telemetry/influx': S,
  'telemetry/instana': S,
  'telemetry/logging': SB,
  'telemetry/logstash': S,
  'telemetry/metrics': S,
  'telemetry/moesif': S,
  'telemetry/newrelic': S,
  'telemetry/opencensus': S,
  'telemetry/opentelemetry': SEB,
  'telemetry/opentelemetry-security': S,
}

/** Every namespace of both editions of the reference (specification: operations 8 and the pages of the components). */
export const NAMESPACES: ReadonlyMap<string, Namespace> = new Map([
  ...Object.entries(GUARDING).map(([name, levels]): [string, Namespace] => [name, { levels, guards: true }]),
  ...Object.entries(OTHERS).map(([name, levels]): [string, Namespace] => [name, { levels, guards: false }]),
])

/** The short name of a namespace, whichever of its names is given. */
export function shortNamespace(name: string): string {
  return ALIASES.get(name) ?? name
}
