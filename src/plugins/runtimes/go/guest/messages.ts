import type { Permissions } from '../../../../config/permissions.ts'
import type { LinkMemory } from '../link.ts'

/** What the thread of a guest is given when it starts. */
export interface GuestData {
  readonly module: WebAssembly.Module
  /** The name of the plugin's file, for `os.Args[0]`. */
  readonly name: string
  readonly permissions: Permissions
  /** Where relative paths begin. */
  readonly folder: string
  /** Settings for the Go side, as JSON. */
  readonly settings: string
  /** Shows that the guest goes on; see `beat.ts`. */
  readonly beat: SharedArrayBuffer
  /** How much of what it tells has not been taken yet; see `outbox.ts`. */
  readonly outbox: SharedArrayBuffer
}

/** To the thread of a guest. */
export type ToGuestThread =
  | ({ readonly type: 'connect' } & LinkMemory)
  | { readonly type: 'disconnect'; readonly connection: number }
  /** Ends the context of the plugin; the thread is ended a moment later. */
  | { readonly type: 'shutdown' }

/** From the thread of a guest. */
export type FromGuestThread =
  /** The plugins are registered. */
  | { readonly type: 'ready'; readonly report: GuestReport }
  | { readonly type: 'log'; readonly level: number; readonly text: string }
  /** What the plugin printed: 1 is standard output, 2 standard error. */
  | { readonly type: 'printed'; readonly stream: 1 | 2; readonly bytes: Uint8Array }
  /** It asked for what is not granted. */
  | { readonly type: 'denied'; readonly grant: string; readonly what: string }
  /** The guest has ended by itself; so will the thread. */
  | { readonly type: 'ended'; readonly reason: string }

/** What became of one registerer of the sources. */
export interface TypeReport {
  /** The sources have no such symbol. */
  readonly missing?: boolean
  /** Why it could not register its plugins. */
  readonly error?: string
  readonly names?: readonly string[]
}

/** What a guest has registered. */
export interface GuestReport {
  readonly client: TypeReport
  readonly handler: TypeReport
  readonly modifier: TypeReport
  /** The names of the modifiers that are for requests, and of those for responses. */
  readonly request?: readonly string[]
  readonly response?: readonly string[]
  readonly middleware: TypeReport
  readonly martian?: readonly { readonly name: string; readonly scopes: readonly string[] }[]
}
