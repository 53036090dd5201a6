import type { Permissions } from '../../../../../config/permissions.ts'
import { ALL_GRANTED } from '../../../../../config/permissions-options.ts'
import { DescriptorTable } from '../descriptor.ts'
import { fileImports, openStandardStreams } from '../files.ts'
import { GuestMemory } from '../guest-memory.ts'
import type { GuestSystem } from '../guest-system.ts'
import { createPoller } from '../poll.ts'
import { GuestExit, processImports } from '../process.ts'

/** What a guest did. */
export interface GuestRun {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What it asked for and was not granted. */
  readonly denied: readonly string[]
}

/** Runs a program of Go's to its end, in this thread. */
export async function runFileGuest(
  module: WebAssembly.Module,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  permissions: Permissions = ALL_GRANTED,
): Promise<GuestRun> {
  const denied: string[] = []
  const printed = { out: Buffer.alloc(0), err: Buffer.alloc(0) }
  const memory = new GuestMemory()
  const system: GuestSystem = {
    memory,
    descriptors: new DescriptorTable(),
    permissions,
    wake: () => poller.wake(),
    denied: (grant, what) => denied.push(`${grant} ${what}`),
  }
  const poller = createPoller(system, { waits: () => undefined, goesOn: () => undefined })
  openStandardStreams(system.descriptors, {
    out: (bytes) => {
      printed.out = Buffer.concat([printed.out, bytes])
    },
    err: (bytes) => {
      printed.err = Buffer.concat([printed.err, bytes])
    },
  })
  const exit = (code: number): never => {
    throw new GuestExit(code)
  }
  const { exports } = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: {
      ...fileImports(system),
      ...processImports(system, { args, env, exit }),
      poll_oneoff: new WebAssembly.Suspending(poller.poll),
    },
  })
  memory.bind(exports.memory as WebAssembly.Memory)
  const code = await WebAssembly.promising(exports._start)().then(
    () => 0,
    (error: unknown) => {
      if (error instanceof GuestExit) return error.code
      throw error
    },
  )
  system.descriptors.closeAll()
  return { code, out: printed.out.toString(), err: printed.err.toString(), denied }
}
