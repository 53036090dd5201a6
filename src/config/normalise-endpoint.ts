import { checkEndpointPath, parametersOf, withLeadingSlash } from './endpoint-path.ts'
import { type FeatureIndex, resolveExtraConfig } from './extra-config.ts'
import { sanitizeHosts } from './hosts.ts'
import type { BackendConfig, ClientTls, EndpointConfig, ExtraConfig } from './model.ts'
import { nearest } from './nearest.ts'
import { formatPath, type Path } from './path.ts'
import { isPlainObject } from './plain-object.ts'
import type { Report } from './report.ts'
import type { BackendInput, EndpointInput } from './schema.ts'
import { clientTls } from './tls.ts'
import type { ClientTlsInput } from './tls-schema.ts'
import { checkUrlPattern, type PatternScope } from './url-pattern.ts'

/** What endpoints and backends inherit from the service. */
export interface ServiceDefaults {
  readonly hosts: readonly string[]
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  readonly outputEncoding: string
  readonly parametersInSegments: boolean
}

const NO_OP = 'no-op'
const HTTP_CLIENT = 'backend/http/client'
const OUTPUT_ENCODINGS: ReadonlySet<string> = new Set([
  ...['json', 'json-collection', 'string', 'xml', 'yaml', 'negotiate', 'fast-json', NO_OP],
])
const BACKEND_ENCODINGS: ReadonlySet<string> = new Set([
  ...['json', 'safejson', 'fast-json', 'xml', 'rss', 'string', 'yaml', NO_OP],
])

/**
 * One endpoint with everything filled in; what is wrong with it goes to the report.
 * @param broken JSON paths of values that have been reported already
 */
export function normaliseEndpoint(
  input: EndpointInput,
  where: Path,
  defaults: ServiceDefaults,
  broken: ReadonlySet<string>,
  features: FeatureIndex,
  report: Report,
): EndpointConfig {
  const path = withLeadingSlash(input.endpoint)
  const method = (input.method || 'GET').toUpperCase()
  const label = `${input.method ?? ''} ${path}`
  const pathIsFine = checkEndpointPath(path, label, [...where, 'endpoint'], defaults.parametersInSegments, report)
  const extra = resolveExtraConfig('endpoint', input.extra_config, [...where, 'extra_config'], features, report)
  const outputEncoding = input.output_encoding || defaults.outputEncoding
  checkOutputEncoding(input.output_encoding, [...where, 'output_encoding'], report)
  const inputs: readonly (BackendInput | undefined)[] = input.backend ?? []
  if (inputs.length === 0 && !broken.has(formatPath([...where, 'backend']))) {
    const message = `ignoring the '${label}' endpoint, since it has 0 backends defined!`
    report.add({ code: 'CONFIG_NO_BACKENDS', path: [...where, 'backend'], message })
  }
  if (outputEncoding === NO_OP && inputs.length > 1) {
    const message = `can not use NoOp encoding with more than one backends connected to the same endpoint (${method} ${path} has ${inputs.length})`
    report.add({ code: 'CONFIG_NO_OP_MERGE', path: [...where, 'backend'], message })
  }
  const params = parametersOf(path)
  const inherited: Inherited = {
    hosts: defaults.hosts,
    isNoOp: outputEncoding === NO_OP,
    scope: {
      method,
      endpoint: path,
      params,
      sequential: isPlainObject(extra.proxy) && extra.proxy.sequential === true,
      hasClaims: extra['auth/validator'] !== undefined,
    },
    // With an invalid path nothing sensible can be said about parameters.
    checksParameters: pathIsFine,
  }
  return {
    path,
    method,
    params,
    timeoutMs: input.timeout || defaults.timeoutMs,
    cacheTtlMs: input.cache_ttl || defaults.cacheTtlMs,
    outputEncoding,
    concurrentCalls: Math.max(1, input.concurrent_calls ?? 1),
    inputHeaders: input.input_headers ?? [],
    inputQueryStrings: input.input_query_strings ?? [],
    backends: inputs.flatMap((backend, index) =>
      backend === undefined
        ? []
        : normaliseBackend(backend, index, [...where, 'backend', index], inherited, features, report),
    ),
    extra,
    where: formatPath(where),
  }
}

interface Inherited {
  readonly hosts: readonly string[]
  readonly isNoOp: boolean
  readonly scope: Omit<PatternScope, 'backend'>
  readonly checksParameters: boolean
}

function normaliseBackend(
  input: BackendInput,
  index: number,
  where: Path,
  inherited: Inherited,
  features: FeatureIndex,
  report: Report,
): BackendConfig {
  const urlPattern = withLeadingSlash(input.url_pattern ?? '')
  if (inherited.checksParameters) {
    checkUrlPattern(urlPattern, { ...inherited.scope, backend: index }, [...where, 'url_pattern'], report)
  }
  if (input.encoding) warnOfUnknownEncoding(input.encoding, BACKEND_ENCODINGS, [...where, 'encoding'], report)
  if (input.sd && input.sd !== 'static' && input.sd !== 'dns') {
    const message = `the service discovery ${JSON.stringify(input.sd)} is not known and is treated as static`
    report.add({ code: 'CONFIG_UNKNOWN_DISCOVERY', severity: 'warning', path: [...where, 'sd'], message })
  }
  const extra = resolveExtraConfig('backend', input.extra_config, [...where, 'extra_config'], features, report)
  return {
    urlPattern,
    hosts: backendHosts(input, where, inherited.hosts, report),
    disableHostSanitize: input.disable_host_sanitize ?? false,
    method: (input.method || inherited.scope.method).toUpperCase(),
    encoding: inherited.isNoOp ? NO_OP : input.encoding || 'json',
    isCollection: input.is_collection ?? false,
    target: input.target ?? '',
    allow: input.allow ?? [],
    deny: input.deny ?? [],
    mapping: input.mapping ?? {},
    group: input.group ?? '',
    sd: input.sd === 'dns' ? 'dns' : 'static',
    sdScheme: input.sd_scheme || 'http',
    inputHeaders: input.input_headers ?? [],
    inputQueryStrings: input.input_query_strings ?? [],
    clientTls: ownClientTls(extra, where, report),
    extra,
    index,
    where: formatPath(where),
  }
}

/** What `backend/http/client` says of TLS. */
function ownClientTls(extra: ExtraConfig, where: Path, report: Report): ClientTls | null {
  const options = extra[HTTP_CLIENT]
  if (!isPlainObject(options)) return null
  const path = [...where, 'extra_config', HTTP_CLIENT, 'client_tls']
  return clientTls(options.client_tls as ClientTlsInput | undefined, path, report)
}

/** The hosts of the service have been sanitised already, whatever the backend says. */
function backendHosts(
  input: BackendInput,
  where: Path,
  inherited: readonly string[],
  report: Report,
): readonly string[] {
  if (input.host === undefined || input.host.length === 0) return inherited
  return input.disable_host_sanitize === true ? input.host : sanitizeHosts(input.host, [...where, 'host'], report)
}

/** Warns of an output_encoding that nobody knows. */
export function checkOutputEncoding(encoding: string | undefined, path: Path, report: Report): void {
  if (encoding) warnOfUnknownEncoding(encoding, OUTPUT_ENCODINGS, path, report)
}

function warnOfUnknownEncoding(encoding: string, known: ReadonlySet<string>, path: Path, report: Report): void {
  if (known.has(encoding)) return
  const meant = nearest(encoding, known, 0.4)
  const message = `the encoding ${JSON.stringify(encoding)} is not known and is treated as json`
  const finding = { code: 'CONFIG_UNKNOWN_ENCODING', severity: 'warning', path, message } as const
  report.add(meant === undefined ? finding : { ...finding, remedy: `Did you mean ${JSON.stringify(meant)}?` })
}
