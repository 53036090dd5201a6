/**
 * A configuration after reading, checking and normalising: every default is filled in, durations are milliseconds,
 * namespaces have their short names. It is plain data, so that it can be sent to other threads.
 */
export interface GatewayConfig {
  /** The file it was read from; empty when it was built by a program. */
  readonly file: string
  readonly name: string
  readonly port: number
  /** Empty: all addresses. */
  readonly listenIp: string
  readonly server: ServerOptions
  readonly upstream: UpstreamOptions
  readonly debugEndpoint: boolean
  readonly echoEndpoint: boolean
  /** Parameters may stand inside a segment (`disable_rest`). */
  readonly parametersInSegments: boolean
  readonly sequentialStart: boolean
  readonly plugin: PluginSection | null
  readonly endpoints: readonly EndpointConfig[]
  readonly extra: ExtraConfig
  /** Start although something that the reference would silently drop is wrong (`--lenient`). */
  readonly lenient: boolean
}

/** Options of the listening server; times in milliseconds, 0 means none. */
export interface ServerOptions {
  readonly readTimeoutMs: number
  readonly readHeaderTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly useH2c: boolean
  /** 0: no limit. */
  readonly maxShutdownWaitMs: number
}

/** Options of the connections to upstreams; times in milliseconds, 0 means none. */
export interface UpstreamOptions {
  readonly disableKeepAlives: boolean
  readonly disableCompression: boolean
  readonly maxIdleConnections: number
  readonly maxIdleConnectionsPerHost: number
  readonly idleConnectionTimeoutMs: number
  readonly responseHeaderTimeoutMs: number
  readonly expectContinueTimeoutMs: number
  readonly dialerTimeoutMs: number
  readonly dialerKeepAliveMs: number
  readonly dialerFallbackDelayMs: number
  readonly dnsCacheTtlMs: number
  readonly allowInsecureConnections: boolean
}

/** The root's `plugin` object. */
export interface PluginSection {
  /** Empty: no folder is read. */
  readonly folder: string
  /** A part of the file name; empty matches all. */
  readonly pattern: string
  /** Names of npm packages that hold plugins. */
  readonly packages: readonly string[]
  /** What holds for single plugins, by their names; what is not said there is taken from `defaults`. */
  readonly settings: Readonly<Record<string, PluginSettings>>
  /** What holds for all other plugins. */
  readonly defaults: PluginSettings
}

/** How the gateway treats a plugin. */
export interface PluginSettings {
  /** What becomes of a request in which the plugin fails: the failure, the way without the plugin, or an answer. */
  readonly onError: 'fail' | 'skip' | FixedAnswer
  /** How long one call of a hook may take, milliseconds; 0: no limit beside the request's deadline and the gateway's own. */
  readonly timeoutMs: number
  /** The gateway starts without it when it is missing or cannot be set up. */
  readonly optional: boolean
}

/** An answer that is written in the configuration. */
export interface FixedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Options of the components by short namespace, checked against the schema of the feature that takes them. */
export type ExtraConfig = Readonly<Record<string, unknown>>

export interface EndpointConfig {
  /** With a leading slash and `{name}` for parameters. */
  readonly path: string
  /** Upper case: GET, POST, PUT, PATCH, DELETE (others were left out with an error line). */
  readonly method: string
  readonly params: readonly string[]
  readonly timeoutMs: number
  readonly cacheTtlMs: number
  /** As configured; empty is never seen, unknown ones stay as they are. */
  readonly outputEncoding: string
  readonly concurrentCalls: number
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  readonly backends: readonly BackendConfig[]
  readonly extra: ExtraConfig
  /** JSON path in the file, for messages: `endpoints[3]`. */
  readonly where: string
}

export interface BackendConfig {
  /** With a leading slash and `{name}` for parameters, `{respN_field}` for values of a sequence. */
  readonly urlPattern: string
  /** Base URLs without a trailing slash (verbatim with `disable_host_sanitize`); may be empty. */
  readonly hosts: readonly string[]
  readonly disableHostSanitize: boolean
  readonly method: string
  /** As configured, `no-op` under a no-op endpoint. */
  readonly encoding: string
  readonly isCollection: boolean
  readonly target: string
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly mapping: Readonly<Record<string, string>>
  readonly group: string
  /** `static` or `dns`. */
  readonly sd: 'static' | 'dns'
  readonly sdScheme: string
  readonly inputHeaders: readonly string[]
  readonly inputQueryStrings: readonly string[]
  readonly extra: ExtraConfig
  /** Position in the endpoint's list, from 0. */
  readonly index: number
  /** JSON path in the file, for messages: `endpoints[3].backend[0]`. */
  readonly where: string
}
