import type { BackendTools } from '../config/feature.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { dnsHosts } from './dns-hosts.ts'
import { staticHosts } from './hosts.ts'

/** Chooses the host of each call. Specification: core 4.1 and 4.3. */
export async function chooseHost({ backend, config, log, onClose }: BackendTools): Promise<ProxyStage> {
  const hosts =
    backend.sd === 'dns' ? await dnsHosts(backend, config.upstream.dnsCacheTtlMs, log) : staticHosts(backend)
  onClose(() => hosts.close())
  // Not an async function: a promise less per call.
  return (next) => (request, context) => {
    try {
      request.origin = hosts.next()
    } catch (error) {
      return Promise.reject(error)
    }
    return next(request, context)
  }
}
