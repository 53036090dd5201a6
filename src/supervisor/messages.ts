import type { MessagePort } from 'node:worker_threads'
import type { GatewayConfig } from '../config/model.ts'
import type { Address } from '../server/listen.ts'
import type { CodeEntry } from '../shared/code-table.ts'
import type { LoggingOptions } from '../telemetry/logging.ts'

/** What one generation of the gateway is made of. */
export interface Blueprint {
  /** 1 for the one of the start; each reload, whether it succeeds or not, takes the next number. */
  readonly generation: number
  readonly config: GatewayConfig
  readonly logging: LoggingOptions
}

/** What a gateway thread is given when it starts. */
export interface ThreadData {
  /** Its place among the threads, from 0: a successor has its predecessor's. */
  readonly index: number
  /** How many threads there are. */
  readonly threads: number
  /** Its row in the counters: its own even while a predecessor of the same place still lives. Null for a trial. */
  readonly row: number | null
  readonly blueprint: Blueprint
  /**
   * Whether the lines logged while the gateway is built are written: one thread's are enough, for all build the same.
   */
  readonly announces: boolean
  /** Leads to the owner of the shared cells. */
  readonly cells: MessagePort
  /** Leads to the owner of the values that all threads share. */
  readonly store: MessagePort
  /** Leads to the owner of the guests that plugins of Go sources run in. */
  readonly guests: MessagePort
  /** Where it shows that it goes on, and what it runs; see `pulse.ts`. */
  readonly pulse: SharedArrayBuffer
  /** How often it shall beat there, in milliseconds; 0: never. */
  readonly beatMs: number
}

/** What one thread is to be; the rest is made when it starts. */
export type ThreadPlan = Omit<ThreadData, 'cells' | 'store' | 'guests' | 'pulse' | 'beatMs'>

/** From the supervisor to a gateway thread. */
export type ToThread =
  /** Every gateway is built and the port is free: serve. */
  | { readonly type: 'listen'; readonly address: Address }
  /** Build another generation beside the one that serves. */
  | { readonly type: 'build'; readonly blueprint: Blueprint }
  /** From the next request on the generation that was built beside answers; the one before ends with its last request. */
  | { readonly type: 'swap'; readonly generation: number }
  /** Close the generation that was built beside, for it will not serve. */
  | { readonly type: 'discard'; readonly generation: number }
  /** It will be told to stop: go on, but let the health endpoint say so. */
  | { readonly type: 'leave' }
  /** Stop accepting, finish what is under way, end. */
  | {
      readonly type: 'stop'
      /** Others go on listening on the port: tell how many connections are lost by it. */
      readonly countsLost: boolean
    }

/** From a gateway thread to the supervisor. */
export type FromThread =
  /** Whole lines for standard output. */
  | { readonly type: 'log'; readonly text: string }
  /** A gateway is built: the first waits for `listen`, a later one for `swap` or `discard`. */
  | {
      readonly type: 'built'
      readonly generation: number
      /** Changes with the code of the plugins; null when the gateway knows none. */
      readonly codeFingerprint: string | null
    }
  /** It serves. */
  | { readonly type: 'ready' }
  /** A later generation could not be built; the thread goes on with the one it has. */
  | { readonly type: 'refused'; readonly generation: number; readonly reason: string }
  | { readonly type: 'swapped'; readonly generation: number }
  /** The last request of a generation is answered, or it never served, and it is closed. */
  | { readonly type: 'closed'; readonly generation: number }
  /** What the numbers mean by which it tells what it runs, and which files are plugins: told before they run. */
  | { readonly type: 'code'; readonly entry: CodeEntry }
  /** It is about to end, for this reason. */
  | { readonly type: 'dying'; readonly reason: string }
  /** It could not be built, or cannot listen; the thread ends. */
  | { readonly type: 'failed'; readonly at: 'build' | 'listen'; readonly reason: string }
  /** It accepts no more. */
  | {
      readonly type: 'draining'
      /** Connections that it had not accepted yet; null when the system does not tell. */
      readonly lost: number | null
    }
  /** Every request is answered and the gateway closed; the thread ends. */
  | { readonly type: 'stopped' }
