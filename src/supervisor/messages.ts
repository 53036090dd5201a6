import type { MessagePort } from 'node:worker_threads'
import type { GatewayConfig } from '../config/model.ts'
import type { Address } from '../server/listen.ts'
import type { LoggingOptions } from '../telemetry/logging.ts'

/** What a gateway thread is given when it starts. */
export interface ThreadData {
  /** Its place among the threads, from 0: a successor has its predecessor's. */
  readonly index: number
  /** How many threads there are. */
  readonly threads: number
  /** Which configuration this is: 1 for the one of the start. */
  readonly generation: number
  readonly config: GatewayConfig
  readonly logging: LoggingOptions
  /**
   * Whether the lines logged while the gateway is built are written: one thread's are enough, for all build the same.
   */
  readonly announces: boolean
  /** Leads to the owner of the shared cells. */
  readonly cells: MessagePort
}

/** From the supervisor to a gateway thread. */
export type ToThread =
  /** Every gateway is built and the port is free: serve. */
  | { readonly type: 'listen'; readonly address: Address }
  /** Stop accepting, finish what is under way, end. */
  | { readonly type: 'stop' }

/** From a gateway thread to the supervisor. */
export type FromThread =
  /** Whole lines for standard output. */
  | { readonly type: 'log'; readonly text: string }
  /** The gateway is built and waits for `listen`. */
  | { readonly type: 'built' }
  /** It serves. */
  | { readonly type: 'ready' }
  /** It could not be built, or cannot listen; the thread ends. */
  | { readonly type: 'failed'; readonly at: 'build' | 'listen'; readonly reason: string }
  /** Every request is answered and the gateway closed; the thread ends. */
  | { readonly type: 'stopped' }
