import { createDecodingCall, createPassingCall, createTextCall } from '../backend/call.ts'
import type { BackendTools, EndpointTools } from '../config/feature.ts'
import type { BackendConfig, EndpointConfig } from '../config/model.ts'
import { compileAnswers } from '../endpoint/answer.ts'
import { createEndpointHandler } from '../endpoint/handler.ts'
import { compileRequest } from '../endpoint/request.ts'
import type { Handler } from '../pipes/http.ts'
import type { Proxy } from '../pipes/proxy.ts'
import type { PluginHost } from '../plugins/host.ts'
import { proxyOptionsOf } from '../proxy/options.ts'
import { parallel } from '../proxy/parallel.ts'
import { sequence } from '../proxy/sequence.ts'
import type { ShadowCall } from '../proxy/shadow.ts'
import { compileShape } from '../shaping/shape.ts'
import * as pipeline from './pipeline.ts'
import { recover } from './recover.ts'
import { MERGE_SHARE } from './shares.ts'
import { makeStages, wrap } from './step.ts'
import type { Workshop } from './tools.ts'
import { apart, isTraced, tracedStep } from './traced.ts'

/** What all endpoints of a gateway have in common. */
export interface Common {
  readonly workshop: Workshop
  /** The HTTP client for the calls of a backend. */
  readonly clientFor: (backend: BackendConfig) => Handler
  /** `User-Agent` of the gateway's calls. */
  readonly product: string
  /** The value of `X-Krakend`. */
  readonly version: string
  readonly returnErrorMessage: boolean
}

/** Puts the whole pipe of one endpoint together: its backends first, then what stands around them. */
export async function buildEndpoint(endpoint: EndpointConfig, common: Common): Promise<Handler> {
  const { workshop, product, version, returnErrorMessage } = common
  const shadows: ShadowCall[] = []
  const backends: BackendConfig[] = []
  const calls: Proxy[] = []
  for (const backend of endpoint.backends) {
    const call = await buildBackend(endpoint, backend, common)
    if (proxyOptionsOf(backend).shadow) shadows.push(shadowCall(endpoint, backend, call, workshop))
    else {
      backends.push(backend)
      calls.push(call)
    }
  }
  const tools = { ...workshop.forEndpoint(endpoint), shadows }
  tools.log.debug(
    `Building the pipe of ${calls.length} backends${shadows.length > 0 ? ` and ${shadows.length} shadows` : ''}`,
  )
  if (calls.length === 0) tools.log.error('all backends are shadow backends: every answer will be a 500')
  const stages = await makeStages('proxy', pipeline.proxy, tools, workshop.pluginProblems)
  const untraced = createEndpointHandler({
    endpoint,
    proxy: wrap(stages, join(backends, calls, tools)),
    makeRequest: compileRequest(endpoint, product),
    answers: compileAnswers(endpoint, version, returnErrorMessage),
    deadlines: workshop.deadlines(endpoint.timeoutMs),
    log: tools.log,
  })
  const name = `endpoint:${endpoint.method} ${endpoint.path}`
  const handler = isTraced(workshop.config) ? tracedStep(name, untraced) : untraced
  const around = await makeStages('endpoint', pipeline.endpoint, tools, workshop.pluginProblems)
  return around.length > 0 ? recover(wrap(around, handler), tools.log) : handler
}

/** The only backend as it is; several merged, at once or one after the other. */
function join(backends: readonly BackendConfig[], calls: readonly Proxy[], tools: EndpointTools): Proxy {
  const { endpoint, deadlines, log, config } = tools
  const only = calls[0]
  if (calls.length === 1 && only !== undefined) return only
  const share = deadlines(endpoint.timeoutMs * MERGE_SHARE)
  const options = proxyOptionsOf(endpoint)
  if (!options.sequential) return parallel(isTraced(config) ? calls.map(apart) : calls, share)
  return sequence(backends, calls, options.sequential_propagated_params ?? [], share, (text) => log.warning(text))
}

async function buildBackend(endpoint: EndpointConfig, backend: BackendConfig, common: Common): Promise<Proxy> {
  const tools = common.workshop.forBackend(endpoint, backend)
  const transport = wrap(
    await makeStages('transport', pipeline.transport, tools, common.workshop.pluginProblems),
    common.clientFor(backend),
  )
  const call = innermost(tools, transport)
  const proxy = wrap(await makeStages('backend', pipeline.backend, tools, common.workshop.pluginProblems), call)
  return isTraced(tools.config) ? tracedStep(`backend:${backend.method} ${backend.urlPattern}`, proxy) : proxy
}

function innermost({ endpoint, backend, config, service }: BackendTools, transport: Handler): Proxy {
  if (backend.encoding !== 'no-op') {
    const { maxDecodedBytes } = config.upstream
    const plugins = service<PluginHost>('plugin')
    const numberTexts = plugins?.seeNumberTexts([endpoint.extra, backend.extra]) ?? false
    const reuses = leavesData(endpoint, backend)
    return createDecodingCall(backend, shapeOf(backend), transport, maxDecodedBytes, numberTexts, reuses)
  }
  return endpoint.outputEncoding === 'no-op' ? createPassingCall(transport) : createTextCall(transport)
}

/** Components between a call and its encoder that leave the data alone, or see no data. */
const LEAVE_DATA: ReadonlySet<string> = new Set([
  'auth/api-keys',
  'auth/basic',
  'auth/client-credentials',
  'auth/validator',
  'backend/http',
  'backend/http/client',
  'documentation/openapi',
  'plugin/http-server',
  'qos/circuit-breaker',
  'qos/http-cache',
  'qos/ratelimit/proxy',
  'qos/ratelimit/router',
  'security/bot-detector',
])

/** Whether nothing can change what a call gives before it is encoded: then it may be the same for several requests. */
function leavesData(endpoint: EndpointConfig, backend: BackendConfig): boolean {
  if (endpoint.backends.length !== 1 || endpoint.outputEncoding === 'negotiate') return false
  return [endpoint.extra, backend.extra].every((extra) => Object.keys(extra).every((name) => LEAVE_DATA.has(name)))
}

function shapeOf(backend: BackendConfig) {
  const { flatmap_filter: flatmap } = proxyOptionsOf(backend)
  return compileShape(flatmap === undefined ? backend : { ...backend, flatmap })
}

function shadowCall(endpoint: EndpointConfig, backend: BackendConfig, proxy: Proxy, workshop: Workshop): ShadowCall {
  const timeoutMs = proxyOptionsOf(backend).shadow_timeout || endpoint.timeoutMs
  return { proxy, name: backend.urlPattern, deadlines: workshop.deadlines(timeoutMs) }
}
