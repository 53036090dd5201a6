import { chooseHost } from '../backend/choose-host.ts'
import { concurrentCalls } from '../backend/concurrent-calls.ts'
import { filterHeaders, filterQuery } from '../backend/filters.ts'
import { buildUrl } from '../backend/url.ts'
import type { Feature } from '../config/feature.ts'
import { apiKeys } from '../features/auth/api-keys.ts'
import { basic } from '../features/auth/basic.ts'
import { clientCredentials } from '../features/auth/client-credentials.ts'
import { revoker } from '../features/auth/revoker.ts'
import { signer } from '../features/auth/signer.ts'
import { validator } from '../features/auth/validator.ts'
import { backendHttpClient } from '../features/backend/http/client.ts'
import { backendHttp } from '../features/backend/http.ts'
import { clientPlugins } from '../features/plugin/http-client.ts'
import { httpServerPlugins } from '../features/plugin/http-server.ts'
import { middlewarePlugins } from '../features/plugin/middleware.ts'
import { modifierPlugins } from '../features/plugin/req-resp-modifier.ts'
import { circuitBreaker } from '../features/qos/circuit-breaker.ts'
import { httpCache } from '../features/qos/http-cache.ts'
import { backendRateLimit } from '../features/qos/ratelimit/proxy.ts'
import { endpointRateLimit } from '../features/qos/ratelimit/router.ts'
import { serviceRateLimit } from '../features/qos/ratelimit/service.ts'
import { botDetector } from '../features/security/bot-detector.ts'
import { cors } from '../features/security/cors.ts'
import { securityHttp } from '../features/security/http.ts'
import { logging } from '../features/telemetry/logging.ts'
import { pluginTelemetry } from '../features/telemetry/plugins.ts'
import { stageTrace } from '../features/telemetry/stage-trace.ts'
import { payloadLimit } from '../pipes/payload-limit.ts'
import { flatmapMerged } from '../proxy/flatmap-merged.ts'
import { proxyNamespace, proxyOptionsOf } from '../proxy/options.ts'
import { shadow } from '../proxy/shadow.ts'
import { staticData } from '../proxy/static-data.ts'
import { healthAhead, troublesAhead } from '../router/health-ahead.ts'
import { routerNamespace, routerOptionsOf } from '../router/options.ts'
import { CONCURRENT_SHARE, longestTimeoutOf } from './shares.ts'
import {
  atBackend,
  atEndpoint,
  atProxy,
  atRouter,
  atServer,
  atTransport,
  type BackendStep,
  configuresAny,
  type EndpointStep,
  own,
  type ProxyStep,
  type ServiceStep,
  type TransportStep,
} from './step.ts'

// The way of a request, room by room, from the outermost step to the innermost; the answer goes back in reverse. This is
// the one place where order is decided (specification: core 6.5, plugins 4.2).

/** Around everything, before the access log and the routes. */
export const server: readonly ServiceStep[] = [
  own('readiness', troublesAhead),
  atServer(stageTrace),
  atServer(cors),
  own('max_payload', ({ config, deadlines }) =>
    payloadLimit(routerOptionsOf(config).max_payload, () => deadlines(longestTimeoutOf(config))),
  ),
  atServer(httpServerPlugins),
]

/** Between the access log and the endpoints. */
export const router: readonly ServiceStep[] = [
  atRouter(serviceRateLimit),
  // Not behind what follows: probes come without the right host or user agent.
  own('health', (tools) => (configuresAny(tools.config, [securityHttp, botDetector]) ? healthAhead(tools) : null)),
  atRouter(securityHttp),
  atRouter(botDetector),
]

/** Around one endpoint, before its allow-lists make the proxy's request. */
export const endpoint: readonly EndpointStep[] = [
  own('max_payload', ({ endpoint, deadlines }) =>
    payloadLimit(proxyOptionsOf(endpoint).max_payload, () => deadlines(endpoint.timeoutMs)),
  ),
  atEndpoint(botDetector),
  atEndpoint(httpServerPlugins),
  atEndpoint(basic),
  atEndpoint(apiKeys),
  atEndpoint(validator),
  atEndpoint(signer),
  atEndpoint(endpointRateLimit),
]

/** Around the merged answer of an endpoint. */
export const proxy: readonly ProxyStep[] = [
  atProxy(signer),
  own('proxy.shadow', ({ shadows, log }) => shadow(shadows, log)),
  own('proxy.static', staticData),
  atProxy(middlewarePlugins),
  atProxy(modifierPlugins),
  own('proxy.flatmap_filter', flatmapMerged),
  // then: the only backend, the parallel merge, or the sequence
]

/** Around one call. */
export const backend: readonly BackendStep[] = [
  own('input_query_strings', ({ backend }) => filterQuery(backend.inputQueryStrings)),
  own('url_pattern', ({ backend }) => buildUrl(backend)),
  own('concurrent_calls', ({ endpoint: { concurrentCalls: count, timeoutMs }, deadlines }) =>
    concurrentCalls(count, deadlines(timeoutMs * CONCURRENT_SHARE)),
  ),
  own('host', chooseHost),
  own('input_headers', ({ backend }) => filterHeaders(backend.inputHeaders)),
  atBackend(middlewarePlugins),
  atBackend(modifierPlugins),
  atBackend(circuitBreaker),
  atBackend(backendRateLimit),
  atBackend(backendHttp),
  // then: the call, status check, decoding, target, allow, deny, mapping, group, flatmap
]

/** Around the HTTP client. */
export const transport: readonly TransportStep[] = [
  // Martian's place: it may write the Cache-Control that the cache goes by
  atTransport(httpCache),
  atTransport(clientCredentials),
  atTransport(clientPlugins),
  atTransport(backendHttpClient),
  // then: the HTTP client, which asks for gzip, takes it off and follows redirects
]

/** Every component that a configuration may name. */
export const features: readonly Feature[] = [
  routerNamespace,
  proxyNamespace,
  cors,
  securityHttp,
  botDetector,
  httpServerPlugins,
  modifierPlugins,
  middlewarePlugins,
  clientPlugins,
  revoker,
  validator,
  signer,
  basic,
  apiKeys,
  clientCredentials,
  backendHttp,
  backendHttpClient,
  circuitBreaker,
  httpCache,
  serviceRateLimit,
  endpointRateLimit,
  backendRateLimit,
  logging,
  pluginTelemetry,
  stageTrace,
]
