import type { BackendTools, EndpointTools, Feature, Made, ServiceTools } from '../config/feature.ts'
import type { ExtraConfig, GatewayConfig } from '../config/model.ts'
import type { Context } from '../pipes/context.ts'
import type { Handler, HttpStage } from '../pipes/http.ts'
import type { Proxy, ProxyStage } from '../pipes/proxy.ts'
import { PluginLoadError, type PluginProblem } from '../plugins/problem.ts'
import type { ShadowCall } from '../proxy/shadow.ts'
import { isTraced, tracedStep } from './traced.ts'

/** One line of the pipeline: something that may put a stage into a room. */
export interface Step<Tools, Stage> {
  /** The namespace, or what of the room itself it is. */
  readonly name: string
  /** The stage for one place; null when nothing is configured there. */
  make(tools: Tools): Made<Stage>
}

export type ServiceStep = Step<ServiceTools, HttpStage>
export type EndpointStep = Step<EndpointTools, HttpStage>
/** In the proxy room the shadow backends of the endpoint are there too. */
export interface ProxyTools extends EndpointTools {
  readonly shadows: readonly ShadowCall[]
}

export type ProxyStep = Step<ProxyTools, ProxyStage>
export type BackendStep = Step<BackendTools, ProxyStage>
export type TransportStep = Step<BackendTools, HttpStage>

/** A step that belongs to the room itself. */
export function own<Tools, Stage>(name: string, make: (tools: Tools) => Made<Stage>): Step<Tools, Stage> {
  return { name, make }
}

/** A feature in the server room: configured at the service. */
export function atServer(feature: Feature): ServiceStep {
  return step(feature, feature.server, (tools) => tools.config.extra)
}

/** A feature in the router room: configured at the service. */
export function atRouter(feature: Feature): ServiceStep {
  return step(feature, feature.router, (tools) => tools.config.extra)
}

/** A feature in the endpoint room: configured at the endpoint. */
export function atEndpoint(feature: Feature): EndpointStep {
  return step(feature, feature.endpoint, (tools) => tools.endpoint.extra)
}

/** A feature in the proxy room: configured at the endpoint. */
export function atProxy(feature: Feature): ProxyStep {
  return step(feature, feature.proxy, (tools) => tools.endpoint.extra)
}

/** A feature in the backend room: configured at the backend. */
export function atBackend(feature: Feature): BackendStep {
  return step(feature, feature.backend, (tools) => tools.backend.extra)
}

/** A feature in the transport room: configured at the backend. */
export function atTransport(feature: Feature): TransportStep {
  return step(feature, feature.transport, (tools) => tools.backend.extra)
}

/** Whether the service configures one of these features. */
export function configuresAny({ extra }: GatewayConfig, features: readonly Feature[]): boolean {
  return features.some(({ namespace }) => extra[namespace] !== undefined)
}

function step<Tools, Stage>(
  feature: Feature,
  make: ((options: never, tools: Tools) => Made<Stage>) | undefined,
  extraOf: (tools: Tools) => ExtraConfig,
): Step<Tools, Stage> {
  if (make === undefined) throw new TypeError(`${feature.namespace} has no stage for the room it is listed in`)
  return {
    name: feature.namespace,
    make: (tools) => {
      const options = extraOf(tools)[feature.namespace]
      return options === undefined ? null : make(options as never, tools)
    },
  }
}

/** The rooms, as traces call them. */
export type Room = 'server' | 'router' | 'endpoint' | 'proxy' | 'backend' | 'transport'

/**
 * Makes all stages of a place, outermost first, and leaves out what is not configured.
 * @param problems takes what keeps plugins from working, so that the problems of all places are told at once
 */
export async function makeStages<Tools extends ServiceTools, Request, Response>(
  room: Room,
  steps: readonly Step<Tools, Stage<Request, Response>>[],
  tools: Tools,
  problems: PluginProblem[],
): Promise<Stage<Request, Response>[]> {
  const stages: Stage<Request, Response>[] = []
  const traced = isTraced(tools.config)
  for (const { name, make } of steps) {
    try {
      const made = make(tools)
      const stage = made instanceof Promise ? await made : made
      if (stage !== null) stages.push(traced ? tracedStage(room, name, stage) : stage)
    } catch (error) {
      if (!(error instanceof PluginLoadError)) throw error
      problems.push(...error.problems)
    }
  }
  return stages
}

type Stage<Request, Response> = (next: StepOf<Request, Response>) => StepOf<Request, Response>
type StepOf<Request, Response> = (request: Request, context: Context) => Promise<Response>

/** Plugins are measured one by one, where they are called. */
function tracedStage<Request, Response>(
  room: Room,
  name: string,
  stage: Stage<Request, Response>,
): Stage<Request, Response> {
  if (name.startsWith('plugin/')) return stage
  return (next) => tracedStep(`${room}:${name.replace(`${room}.`, '')}`, stage(next))
}

/** Puts stages around the innermost step; the first is the outermost. */
export function wrap<Step extends Handler | Proxy>(stages: readonly ((next: Step) => Step)[], innermost: Step): Step {
  return stages.reduceRight((next, stage) => stage(next), innermost)
}
