import type { Permissions } from './permissions.ts'

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
  /** Null: plain HTTP. */
  readonly tls: ServerTls | null
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
  /** Requests that are answered at once, of all threads together; 0: no limit. Null: a number for each thread. */
  readonly maxConcurrentRequests: number | null
  /** How long a request beyond that may wait; 0: none does. */
  readonly maxQueueMs: number
  /** How long it goes on as before after the signal to stop, but for its health endpoint, which tells of it. */
  readonly shutdownDelayMs: number
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
  /** What an answer that is held whole may have, unfolded, in bytes. */
  readonly maxDecodedBytes: number
  readonly allowInsecureConnections: boolean
  /** Null: TLS 1.2 and 1.3 with the usual certificate authorities. */
  readonly tls: ClientTls | null
}

/** What both ends of a TLS connection are told, in the words of OpenSSL. */
export interface TlsProtocol {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** Joined by colons, those of TLS 1.3 among them. */
  readonly ciphers: string
  /** Joined by colons; `auto` leaves them to OpenSSL. */
  readonly curves: string
  /** PEM files with authorities; those that are always trusted come on top with `systemCas`. */
  readonly caFiles: readonly string[]
  readonly systemCas: boolean
  /** JSON path in the file, for messages: `tls`, or `endpoints[3].backend[0]…client_tls`. */
  readonly where: string
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** PEM files: a certificate with those that lead to an authority behind it, and its key. */
export interface KeyFiles {
  readonly certificate: string
  readonly privateKey: string
}

/** HTTPS of the server. */
export interface ServerTls extends TlsProtocol {
  /** Chosen by the name that the client asks for; the first where none fits. At least one. */
  readonly keys: readonly KeyFiles[]
  /** Clients must show a certificate of one of the authorities. */
  readonly requiresClientCertificate: boolean
}

/** TLS towards upstreams. */
export interface ClientTls extends TlsProtocol {
  readonly allowInsecureConnections: boolean
  /** Shown to upstreams that ask for one. */
  readonly certificates: readonly KeyFiles[]
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
  /** What a WebAssembly plugin may do; null: the configuration says nothing, then everything. */
  readonly permissions: Permissions | null
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
  /** In place of the service's; null: those. */
  readonly clientTls: ClientTls | null
  readonly extra: ExtraConfig
  /** Position in the endpoint's list, from 0. */
  readonly index: number
  /** JSON path in the file, for messages: `endpoints[3].backend[0]`. */
  readonly where: string
}
