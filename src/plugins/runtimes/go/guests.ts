import type { Permissions } from '../../../config/permissions.ts'
import type { GuestReport } from './guest/messages.ts'
import type { LinkMemory } from './link.ts'

/** Which guest is meant: of one generation of the gateway there is one for each file and hash. */
export interface GuestSpec {
  readonly generation: number
  /** The absolute path of the `.wasm`. */
  readonly file: string
  /** Of its bytes. */
  readonly hash: string
  readonly permissions: Permissions
  /** For the default transport of its HTTP clients; null: Go's own settings. */
  readonly transport: Readonly<Record<string, unknown>> | null
}

/** How an instance of a guest has ended. */
export interface GuestEnd {
  readonly reason: string
  /** Another instance is started after this pause, in milliseconds; 0: at once, calls may wait for it. */
  readonly pauseMs: number
  /** How often instances of this file were replaced, this time included. */
  readonly restarts: number
}

/** What becomes of a guest, told to a connection after it was opened. */
export interface GuestEvents {
  /** Another instance has taken over; the calls of the one before are lost. */
  up(memory: LinkMemory): void
  /** It has ended: its calls are lost. */
  down(end: GuestEnd): void
}

/** A gateway thread's connection to a guest. */
export interface GuestConnection {
  /** Null while no instance runs: `up` follows. */
  readonly memory: LinkMemory | null
  readonly report: GuestReport
  /** How the last instance ended, where none runs; else how often instances of the file were replaced. */
  readonly before: GuestEnd
  /** The guest sends what nobody understands: it is ended, and another instance takes over. */
  distrust(reason: string): void
  close(): void
}

/** The guests of a process. */
export interface Guests {
  /**
   * Connects to a guest, which is started for the first who asks.
   * Rejects with `GuestFailed` when it cannot be started.
   */
  open(spec: GuestSpec, events: GuestEvents): Promise<GuestConnection>
}

/** A guest could not be started: why, as a part of a sentence that begins with its file. */
export class GuestFailed extends Error {
  override name = 'GuestFailed'
}
