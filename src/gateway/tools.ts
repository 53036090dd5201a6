import { inColonForm } from '../config/endpoint-path.ts'
import type { BackendTools, EndpointTools, ServiceTools } from '../config/feature.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../config/model.ts'
import { type Clock, SYSTEM_CLOCK } from '../pipes/clock.ts'
import { DeadlineQueue } from '../pipes/context.ts'
import type { Handler } from '../pipes/http.ts'
import type { PluginProblem } from '../plugins/problem.ts'
import { Readiness } from '../shared/readiness.ts'
import { alone, type Surroundings } from '../shared/surroundings.ts'
import type { Logger } from '../telemetry/logger.ts'

/** What the stages of one gateway share, and what must be released when it closes. */
export class Workshop {
  readonly config: GatewayConfig
  /** What keeps plugins of any place from working. */
  readonly pluginProblems: PluginProblem[] = []
  readonly #log: Logger
  readonly #surroundings: Surroundings
  readonly #services = new Map<string, unknown>()
  readonly #queues = new Map<number, DeadlineQueue>()
  readonly #releases: (() => void | Promise<void>)[] = []
  readonly #shared = new Map<string, unknown>()
  readonly #starts: (() => void)[] = []

  readonly clock: Clock
  /** Fed by whatever knows what keeps the gateway from working. */
  readonly readiness = new Readiness()
  /** The HTTP client; set before anything calls. */
  http: Handler = () => Promise.reject(new Error('the gateway has no HTTP client yet'))

  constructor(config: GatewayConfig, log: Logger, clock: Clock = SYSTEM_CLOCK, surroundings: Surroundings = alone()) {
    this.config = config
    this.clock = clock
    this.#log = log
    this.#surroundings = surroundings
    this.provide('readiness', this.readiness)
  }

  provide(namespace: string, service: unknown): void {
    this.#services.set(namespace, service)
  }

  readonly deadlines = (timeoutMs: number): DeadlineQueue => {
    let queue = this.#queues.get(timeoutMs)
    if (queue === undefined) {
      queue = new DeadlineQueue(timeoutMs, this.clock)
      this.#queues.set(timeoutMs, queue)
    }
    return queue
  }

  readonly onClose = (release: () => void | Promise<void>): void => {
    this.#releases.push(release)
  }

  readonly onServe = (start: () => void): void => {
    this.#starts.push(start)
  }

  readonly shared = <T>(key: string, make: () => T): T => {
    if (!this.#shared.has(key)) this.#shared.set(key, make())
    return this.#shared.get(key) as T
  }

  /** The gateway serves from now on. */
  begin(): void {
    for (const start of this.#starts.splice(0)) start()
  }

  forService(tag = '[SERVICE: Gateway]'): ServiceTools {
    return {
      ...this.#surroundings,
      log: this.#log.tagged(tag),
      logFor: (part) => this.#log.tagged(`${tag}[${part}]`),
      logAs: (other) => this.#log.tagged(other),
      config: this.config,
      clock: this.clock,
      http: (request, context) => this.http(request, context),
      deadlines: this.deadlines,
      shared: this.shared,
      onServe: this.onServe,
      onClose: this.onClose,
      service: <T>(namespace: string) => this.#services.get(namespace) as T | undefined,
    }
  }

  forEndpoint(endpoint: EndpointConfig): EndpointTools {
    return { ...this.forService(`[ENDPOINT: ${inColonForm(endpoint.path)}]`), endpoint }
  }

  forBackend(endpoint: EndpointConfig, backend: BackendConfig): BackendTools {
    const tag = `[BACKEND: ${endpoint.method} ${inColonForm(endpoint.path)} -> ${backend.urlPattern}]`
    return { ...this.forService(tag), endpoint, backend }
  }

  /** Releases in reverse order; a failure is logged and does not stop the rest. */
  async close(): Promise<void> {
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release()
      } catch (error) {
        this.#log.error(`closing: ${(error as Error).message}`)
      }
    }
  }
}
