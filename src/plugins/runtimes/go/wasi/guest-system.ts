import type { Permissions } from '../../../../config/permissions.ts'
import type { DescriptorTable } from './descriptor.ts'
import type { GuestMemory } from './guest-memory.ts'

/** What the functions that a guest imports work on. */
export interface GuestSystem {
  readonly memory: GuestMemory
  readonly descriptors: DescriptorTable
  /** What the guest may do. */
  readonly permissions: Permissions
  /** A descriptor may have become ready: a guest that waits looks again. */
  readonly wake: () => void
  /** Tells whoever runs the gateway that the guest asked for what is not granted; the same thing is told once. */
  readonly denied: (grant: 'hosts' | 'env' | 'files.read' | 'files.write', what: string) => void
}

/** Functions that a guest imports from one module. */
export type Imports = Record<string, (...parameters: never[]) => number | bigint | undefined>
