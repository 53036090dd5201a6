import { inColonForm } from '../config/endpoint-path.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../config/model.ts'
import type { PluginPlace } from '../sdk/tools.ts'
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
      endpoint: endpoint && endpointFacts(endpoint),
      backend: backend && backendFacts(backend),
    },
    where: `${owner === '' ? '' : `${owner}.`}extra_config."${NAMESPACES[kind]}"`,
    tag: tagOf(endpoint, backend),
  }
}

function endpointFacts(endpoint: EndpointConfig): PluginPlace['endpoint'] {
  const { method, path, timeoutMs, outputEncoding, inputHeaders, inputQueryStrings, backends } = endpoint
  return { method, path, timeoutMs, outputEncoding, inputHeaders, inputQueryStrings, backends: backends.length }
}

function backendFacts({ method, urlPattern, hosts, encoding }: BackendConfig): PluginPlace['backend'] {
  return { method, urlPattern, hosts, encoding }
}

function tagOf(endpoint: EndpointConfig | null, backend: BackendConfig | null): string {
  if (endpoint === null) return '[PLUGIN: Server]'
  if (backend === null) return `[ENDPOINT: ${inColonForm(endpoint.path)}]`
  return `[BACKEND: ${endpoint.method} ${inColonForm(endpoint.path)} -> ${backend.urlPattern}]`
}
