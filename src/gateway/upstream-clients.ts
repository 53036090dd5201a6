import type { BackendConfig, ClientTls } from '../config/model.ts'
import type { HttpClient } from '../transport/client.ts'
import { createUndiciClient } from '../transport/undici.ts'
import type { Workshop } from './tools.ts'

/** The HTTP clients of a gateway. */
export interface UpstreamClients {
  /** For what no backend calls. */
  readonly service: HttpClient
  /** The client with the TLS settings of a backend: backends with the same settings share one, and with it connections. */
  of(backend: BackendConfig): HttpClient
}

/**
 * Makes the HTTP clients that a configuration needs; they close with the gateway.
 * @param replacement calls all upstreams in their place
 * @throws TlsFileError when a certificate cannot be used
 */
export async function createUpstreamClients(
  replacement: HttpClient | null,
  workshop: Workshop,
): Promise<UpstreamClients> {
  const { upstream, endpoints } = workshop.config
  if (replacement !== null) {
    workshop.onClose(() => replacement.close())
    return { service: replacement, of: () => replacement }
  }
  const open = async (tls: ClientTls | null, insecure: boolean): Promise<HttpClient> => {
    const context = tls === null ? null : await openContext(tls, workshop)
    const client = createUndiciClient({ ...upstream, allowInsecureConnections: insecure, tls }, process.env, context)
    workshop.onClose(() => client.close())
    return client
  }
  const service = await open(upstream.tls, upstream.allowInsecureConnections)
  const own = new Map<string, HttpClient>()
  for (const { backends } of endpoints) {
    for (const { clientTls } of backends) {
      if (clientTls === null) continue
      const key = keyOf(clientTls)
      if (!own.has(key)) own.set(key, await open(clientTls, clientTls.allowInsecureConnections))
    }
  }
  return {
    service,
    of: ({ clientTls }) => (clientTls === null ? service : (own.get(keyOf(clientTls)) ?? service)),
  }
}

/** The same for settings that say the same. */
function keyOf(tls: ClientTls): string {
  return JSON.stringify({ ...tls, where: '' })
}

async function openContext(tls: ClientTls, workshop: Workshop) {
  const { openClientContext } = await import('../transport/client-tls.ts')
  const { log } = workshop.forService('[SERVICE: TLS]')
  const skipped = workshop.config.lenient ? (error: Error) => log.error(`${error.message}: left out`) : null
  return await openClientContext(tls, skipped)
}
