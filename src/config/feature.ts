import type { Clock } from '../pipes/clock.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import type { Handler, HttpStage } from '../pipes/http.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import type { Surroundings } from '../shared/surroundings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from './model.ts'
import type { Level } from './namespaces.ts'
import type { Static, TSchema } from './type.ts'
import type { Problem } from './validate.ts'

/** A stage for one place, or null when the options ask for nothing there. */
export type Made<Stage> = Stage | null | Promise<Stage | null>

/** What a feature may use when it makes a stage for the whole service. */
export interface ServiceTools extends Surroundings {
  /** Tagged after the place: `[SERVICE: …]`, `[ENDPOINT: /a]`, `[BACKEND: …]`. */
  readonly log: Logger
  readonly config: GatewayConfig
  readonly clock: Clock
  /** The gateway's HTTP client, for calls of a component's own: absolute URLs, and no stage of a backend around them. */
  readonly http: Handler
  /** The queue of all requests that have this time to live, in milliseconds. */
  deadlines(timeoutMs: number): DeadlineQueue
  /** The log under a longer tag: `[ENDPOINT: /a][JWTValidator]`. */
  logFor(part: string): Logger
  /** The log under another tag than that of the place, where the specification fixes it. */
  logAs(tag: string): Logger
  /** What several places of this gateway share: made by the first that asks for it under that key. */
  shared<T>(key: string, make: () => T): T
  /** Runs when this gateway begins to serve: not when it is only built to be checked. */
  onServe(start: () => void): void
  /** Runs when this gateway closes, after its last request. */
  onClose(release: () => void | Promise<void>): void
  /** What a feature's `service` provides under its namespace; undefined when it is not configured. */
  service<T>(namespace: string): T | undefined
}

export interface EndpointTools extends ServiceTools {
  readonly endpoint: EndpointConfig
}

export interface BackendTools extends EndpointTools {
  readonly backend: BackendConfig
}

/** What lives as long as the gateway and serves other features. */
export interface Service {
  readonly provide?: unknown
  close?(): void | Promise<void>
}

/**
 * A component of the configuration: one `extra_config` namespace with the schema of its options and a stage for each
 * room that it can stand in. The schema gives the type, the check and the editor's help.
 */
export interface Feature<S extends TSchema = TSchema> {
  readonly namespace: string
  readonly options: S
  /**
   * What stands in place of options that are wrong, with `--lenient`, and what that does: for a guard that must not be
   * left out. Others are ignored then.
   */
  readonly whenInvalid?: { readonly options: Static<S>; readonly effect: string }
  /**
   * `ignored`: of options that are wrong, with `--lenient`, those are left out and the others apply, as in the reference.
   * Otherwise all of them are left out.
   */
  readonly wrongOptions?: 'ignored'
  /** What is wrong with options that the schema accepts; the paths begin at the options. */
  check?(options: Static<S>, level: Level): readonly Problem[]
  /** Where options that belong to a room itself (`router`, `proxy`) may stand; others follow from their keys below. */
  readonly levels?: readonly ('service' | 'endpoint' | 'backend')[]
  server?(options: Static<S>, tools: ServiceTools): Made<HttpStage>
  router?(options: Static<S>, tools: ServiceTools): Made<HttpStage>
  endpoint?(options: Static<S>, tools: EndpointTools): Made<HttpStage>
  proxy?(options: Static<S>, tools: EndpointTools): Made<ProxyStage>
  backend?(options: Static<S>, tools: BackendTools): Made<ProxyStage>
  transport?(options: Static<S>, tools: BackendTools): Made<HttpStage>
  service?(options: Static<S>, tools: ServiceTools): Service | Promise<Service>
}

/** Declares a feature; the options' type follows from the schema. */
export function defineFeature<const S extends TSchema>(feature: Feature<S>): Feature<S> {
  return feature
}
