import { inColonForm } from '../config/endpoint-path.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../config/model.ts'
import type { PluginPlace } from '../sdk/define-plugin.ts'
import { NAMESPACES } from './registry.ts'
import type { PluginKind } from './runtime.ts'

/** A place of the configuration that names plugins. */
export interface Place {
  /** What the plugins are told about it. */
  readonly facts: PluginPlace
  /** JSON path of the namespace's object. */
  readonly where: string
  /** As log lines call it (specification: plugins 4.1). */
  readonly tag: string
}

/** The place of a namespace at the service, at an endpoint, or at a backend. */
export function placeOf(
  kind: PluginKind,
  config: GatewayConfig,
  endpoint: EndpointConfig | null = null,
  backend: BackendConfig | null = null,
): Place {
  const owner = backend?.where ?? endpoint?.where ?? ''
  return {
    facts: {
      service: config.name,
      endpoint: endpoint && { method: endpoint.method, path: endpoint.path, timeoutMs: endpoint.timeoutMs },
      backend: backend && { method: backend.method, urlPattern: backend.urlPattern, hosts: backend.hosts },
    },
    where: `${owner === '' ? '' : `${owner}.`}extra_config."${NAMESPACES[kind]}"`,
    tag: tagOf(endpoint, backend),
  }
}

function tagOf(endpoint: EndpointConfig | null, backend: BackendConfig | null): string {
  if (endpoint === null) return '[PLUGIN: Server]'
  if (backend === null) return `[ENDPOINT: ${inColonForm(endpoint.path)}]`
  return `[BACKEND: ${endpoint.method} ${inColonForm(endpoint.path)} -> ${backend.urlPattern}]`
}
