import { isIP } from 'node:net'
import { LONGEST_TIMER_MS } from '../pipes/clock.ts'
import { type BuiltIn, builtInEndpoints, tellTaken } from './built-in-endpoints.ts'
import { type FeatureIndex, resolveExtraConfig } from './extra-config.ts'
import { sanitizeHosts } from './hosts.ts'
import type { ClientTls, EndpointConfig, GatewayConfig, ServerOptions, UpstreamOptions } from './model.ts'
import { checkOutputEncoding, normaliseEndpoint, type ServiceDefaults } from './normalise-endpoint.ts'
import type { Path } from './path.ts'
import { isPlainObject } from './plain-object.ts'
import { checkPluginPermissions, pluginSection } from './plugin-section.ts'
import type { Report } from './report.ts'
import { RouteConflicts } from './route-conflicts.ts'
import type { EndpointInput, ServiceInput } from './schema.ts'
import { clientTls, serverTls } from './tls.ts'
import { tellLostContentType, tellPayloadLimits, tellWithoutEffect } from './without-effect.ts'

/**
 * Fills in every default, lets endpoints and backends inherit, and checks what no schema can tell (specification: core
 * 1.2 to 4.1). The result is only valid when the report has no errors.
 * @param broken JSON paths (as in `formatPath`) of values that have been reported and left out of `input`
 */
export function normaliseService(
  input: ServiceInput,
  broken: ReadonlySet<string>,
  features: FeatureIndex,
  report: Report,
): GatewayConfig {
  checkListenIp(input.listen_ip, report)
  refuseMissingSections(input, report)
  if (input.plugin !== undefined) checkPluginPermissions(input.plugin, report)
  checkOutputEncoding(input.output_encoding, ['output_encoding'], report)
  const extra = resolveExtraConfig('service', input.extra_config, ['extra_config'], features, report)
  tellWithoutEffect(input, extra, report)
  const defaults: ServiceDefaults = {
    hosts: sanitizeHosts(input.host ?? [], ['host'], report),
    timeoutMs: input.timeout || 2000,
    cacheTtlMs: input.cache_ttl ?? 0,
    outputEncoding: input.output_encoding || 'json',
    parametersInSegments: input.disable_rest ?? false,
  }
  const server = serverOptions(input, extra)
  const builtIn = builtInEndpoints(extra, report)
  const endpoints = normaliseEndpoints(input.endpoints ?? [], builtIn, defaults, broken, features, report)
  tellPayloadLimits(endpoints, extra, report)
  return {
    file: report.file,
    name: input.name ?? '',
    port: input.port || 8080,
    listenIp: input.listen_ip ?? '',
    server,
    tls: serverTls(input.tls, report),
    upstream: upstreamOptions(input, clientTls(input.client_tls, ['client_tls'], report)),
    debugEndpoint: input.debug_endpoint ?? false,
    echoEndpoint: input.echo_endpoint ?? false,
    parametersInSegments: defaults.parametersInSegments,
    sequentialStart: input.sequential_start ?? false,
    plugin: input.plugin === undefined ? null : pluginSection(input.plugin),
    endpoints,
    extra,
    lenient: report.lenient,
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

function normaliseEndpoints(
  inputs: readonly (EndpointInput | undefined)[],
  builtIn: ReadonlyMap<string, BuiltIn>,
  defaults: ServiceDefaults,
  broken: ReadonlySet<string>,
  features: FeatureIndex,
  report: Report,
): readonly EndpointConfig[] {
  const conflicts = new RouteConflicts(report)
  const endpoints: EndpointConfig[] = []
  for (const [index, input] of inputs.entries()) {
    const where: Path = ['endpoints', index]
    // An endpoint without a path has been reported.
    if (input?.endpoint === undefined) continue
    const endpoint = normaliseEndpoint(input, where, defaults, broken, features, report)
    if (!METHODS.has(endpoint.method)) {
      const message = `Unsupported method ${endpoint.method}: the endpoint ${endpoint.path} is left out`
      report.add({ code: 'CONFIG_UNSUPPORTED_METHOD', severity: 'skipped', path: [...where, 'method'], message })
      continue
    }
    conflicts.add(endpoint.method, endpoint.path, where)
    const taken = endpoint.method === 'GET' ? builtIn.get(endpoint.path) : undefined
    if (taken !== undefined)
      tellTaken(`GET ${endpoint.path} (endpoints[${index}])`, taken, [...where, 'endpoint'], report)
    tellLostContentType(input, endpoint.method, where, report)
    endpoints.push(endpoint)
  }
  return endpoints
}

function checkListenIp(listenIp: string | undefined, report: Report): void {
  if (listenIp === undefined || listenIp === '' || isIP(listenIp) !== 0) return
  report.add({ code: 'CONFIG_INVALID_LISTEN_IP', path: ['listen_ip'], message: `invalid ip address ${listenIp}` })
}

/** Sections that nothing implements yet and whose absence is felt: agents would not run. */
function refuseMissingSections(input: ServiceInput, report: Report): void {
  const code = 'CONFIG_SECTION_NOT_IMPLEMENTED'
  if ((input.async_agent?.length ?? 0) > 0) {
    report.refuse({ code, path: ['async_agent'], message: 'asynchronous agents are not available in this version' })
  }
}

function serverOptions(input: ServiceInput, extra: Readonly<Record<string, unknown>>): ServerOptions {
  const { router } = extra
  const readTimeoutMs = orNone(input.read_timeout)
  return {
    readTimeoutMs,
    readHeaderTimeoutMs: orNone(input.read_header_timeout),
    writeTimeoutMs: orNone(input.write_timeout),
    idleTimeoutMs: orNone(input.idle_timeout || readTimeoutMs),
    maxHeaderBytes:
      input.max_header_bytes !== undefined && input.max_header_bytes > 0 ? input.max_header_bytes : 1_048_576,
    useH2c: input.use_h2c === true || (isPlainObject(router) && router.use_h2c === true),
    maxConcurrentRequests: input.max_concurrent_requests ?? null,
    maxQueueMs: orNone(input.max_queue_time || 100),
    shutdownDelayMs: orNone(input.shutdown_delay),
    maxShutdownWaitMs: orNone(input.max_shutdown_wait_time),
  }
}

function upstreamOptions(input: ServiceInput, tls: ClientTls | null): UpstreamOptions {
  const dnsCacheTtlMs = input.dns_cache_ttl ?? 0
  return {
    disableKeepAlives: input.disable_keep_alives ?? false,
    disableCompression: input.disable_compression ?? false,
    maxIdleConnections: input.max_idle_connections ?? 0,
    maxIdleConnectionsPerHost: input.max_idle_connections_per_host || 250,
    idleConnectionTimeoutMs: orNone(input.idle_connection_timeout),
    responseHeaderTimeoutMs: orNone(input.response_header_timeout),
    expectContinueTimeoutMs: orNone(input.expect_continue_timeout),
    dialerTimeoutMs: orNone(input.dialer_timeout),
    dialerKeepAliveMs: orNone(input.dialer_keep_alive || 15_000),
    dialerFallbackDelayMs: orNone(input.dialer_fallback_delay || 300),
    dnsCacheTtlMs: dnsCacheTtlMs < 1000 ? 30_000 : orNone(dnsCacheTtlMs),
    maxDecodedBytes: input.max_decoded_bytes ?? 64 * 1024 * 1024,
    allowInsecureConnections: input.allow_insecure_connections === true || tls?.allowInsecureConnections === true,
    tls,
  }
}

/** In the model 0 means none; in the file a negative duration does too. */
function orNone(ms: number | undefined): number {
  return ms === undefined || ms < 0 ? 0 : Math.min(ms, LONGEST_TIMER_MS)
}
