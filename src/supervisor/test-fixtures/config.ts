import type { GatewayConfig } from '../../config/model.ts'

/** What a test may change of its configuration. */
export interface ConfigChanges {
  readonly port?: number
  readonly listenIp?: string
  readonly maxShutdownWaitMs?: number
  readonly extra?: GatewayConfig['extra']
}

/** A configuration without endpoints, on a free port of the loopback. */
export function emptyConfig({
  port = 0,
  listenIp = '127.0.0.1',
  maxShutdownWaitMs = 0,
  extra = {},
}: ConfigChanges = {}): GatewayConfig {
  return {
    file: '',
    name: '',
    port,
    listenIp,
    server: {
      readTimeoutMs: 0,
      readHeaderTimeoutMs: 0,
      writeTimeoutMs: 0,
      idleTimeoutMs: 0,
      maxHeaderBytes: 0,
      useH2c: false,
      maxConcurrentRequests: null,
      maxQueueMs: 100,
      shutdownDelayMs: 0,
      maxShutdownWaitMs,
    },
    tls: null,
    upstream: {
      disableKeepAlives: false,
      disableCompression: false,
      maxIdleConnections: 0,
      maxIdleConnectionsPerHost: 250,
      idleConnectionTimeoutMs: 0,
      responseHeaderTimeoutMs: 0,
      expectContinueTimeoutMs: 0,
      dialerTimeoutMs: 0,
      dialerKeepAliveMs: 15_000,
      dialerFallbackDelayMs: 300,
      maxDecodedBytes: 1_000_000,
      dnsCacheTtlMs: 30_000,
      allowInsecureConnections: false,
      tls: null,
    },
    debugEndpoint: false,
    echoEndpoint: false,
    parametersInSegments: false,
    sequentialStart: false,
    plugin: null,
    endpoints: [],
    extra,
    lenient: false,
  }
}
