/** What the parent asks of the load generator: `start`, then any number of `label`, then `stop`. */
export type LoadCommand =
  | ({ readonly kind: 'start' } & LoadPlan)
  /** Requests that are due from now on count below this name. */
  | { readonly kind: 'label'; readonly label: string }
  /** Sends nothing more, waits for the answers that are due, and reports. */
  | { readonly kind: 'stop' }

/** What is sent. */
export interface LoadPlan {
  readonly port: number
  /** Asked for in turn. */
  readonly paths: readonly string[]
  /**
   * Requests per second, sent when they are due, whether the ones before are answered or not. Null: each connection
   * sends as soon as it has its answer.
   */
  readonly rate: number | null
  /** Connections; a request for which none is free waits, and that counts as its time too. */
  readonly connections: number
  /** Each request on a connection of its own. */
  readonly fresh: boolean
  /** How long the last answers may take, in milliseconds; 20 s when absent. */
  readonly patienceMs?: number
}

/** A body that came with status 200. Moments are milliseconds of the system's clock since the machine started. */
export interface SeenBody {
  readonly body: string
  readonly count: number
  /** When the first answer with it came. */
  readonly firstAt: number
  /** When the last request that got it was sent. */
  readonly lastSentAt: number
}

/** Times from when a request was due to the end of its answer, in microseconds. */
export interface Latency {
  readonly label: string
  readonly requests: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
}

/** What the load generator saw. It is sent after `stop`; before, with the first answer, `answered`. */
export interface LoadReport {
  /** How many requests were due. */
  readonly due: number
  readonly answered: number
  /** Connections that broke off while their request was not answered, or could not be opened. */
  readonly lost: number
  /** Of these, the ones on which a request had been sent. */
  readonly unanswered: number
  /** Connections that the gateway closed while nothing was under way on them. */
  readonly closedIdle: number
  /** Connections that the gateway closed after an answer that said so. */
  readonly closedAsTold: number
  /** Status → how many answers. */
  readonly statuses: Readonly<Record<string, number>>
  readonly bodies: readonly SeenBody[]
  readonly latencies: readonly Latency[]
  /** The first few things that went wrong. */
  readonly problems: readonly string[]
}

/** Now, on a clock that all processes of the machine share, in milliseconds. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
