import { FROM_GUEST, TO_GUEST } from '../frames.ts'
import { DescriptorTable } from '../wasi/descriptor.ts'
import { fileImports, openStandardStreams } from '../wasi/files.ts'
import { GuestMemory } from '../wasi/guest-memory.ts'
import type { GuestSystem } from '../wasi/guest-system.ts'
import { createPoller } from '../wasi/poll.ts'
import { GuestExit, processImports } from '../wasi/process.ts'
import { socketImports } from '../wasi/sockets.ts'
import { Beat } from './beat.ts'
import { CONTROL_FD, Control } from './control.ts'
import { onDeepStack } from './deep-stack.ts'
import type { FromGuestThread, GuestData, GuestReport, ToGuestThread } from './messages.ts'
import { Outbox } from './outbox.ts'

/** A guest that runs in this thread. */
export interface RunningGuest {
  obey(message: ToGuestThread): void
  /** Resolves when the guest has ended, with the reason. */
  readonly ended: Promise<string>
}

/** Starts the guest of a plugin: from its `main` on it waits for frames, and runs when there are some. */
export function runGuest(data: GuestData, post: (message: FromGuestThread) => void): RunningGuest {
  const beat = new Beat(data.beat)
  const { tell } = new Outbox(data.outbox, post, { waits: () => beat.waits(), runs: () => beat.runs() })
  let waiting = false
  const bell = (): void => {
    if (waiting) control.arm()
    poller.wake()
  }
  const control = new Control(bell, (kind, flags, payload) => takeFrame(kind, flags, payload, tell))
  const descriptors = new DescriptorTable()
  const system: GuestSystem = {
    memory: new GuestMemory(),
    descriptors,
    permissions: data.permissions,
    wake: () => poller.wake(),
    denied: (grant, what) => tell({ type: 'denied', grant, what }),
  }
  const poller = createPoller(system, {
    waits: () => {
      waiting = true
      control.arm()
      beat.waits()
    },
    goesOn: () => {
      waiting = false
      beat.runs()
    },
  })
  const printed = (stream: 1 | 2) => (bytes: Uint8Array) => tell({ type: 'printed', stream, bytes })
  openStandardStreams(descriptors, { out: printed(1), err: printed(2) })
  descriptors.add(control, CONTROL_FD)
  control.tell(TO_GUEST.hello, data.settings)
  const imports = importsOf(data, system, control, (...parameters) => {
    beat.runs()
    return poller.poll(...parameters)
  })
  return {
    obey: (message) => {
      if (message.type === 'connect') control.connect(message)
      else if (message.type === 'disconnect') control.disconnect(message.connection)
      else control.tell(TO_GUEST.shutdown, '')
    },
    ended: start(data.module, imports, system, beat).finally(() => descriptors.closeAll()),
  }
}

function importsOf(
  data: GuestData,
  system: GuestSystem,
  control: Control,
  poll: (...parameters: [number, number, number, number]) => number | Promise<number>,
): Record<string, object> {
  const { memory } = system
  const process = processImports(system, {
    args: [data.name],
    env: { ...globalThis.process.env, PWD: data.folder },
    exit: (code) => {
      throw new GuestExit(code)
    },
  })
  return {
    wasi_snapshot_preview1: {
      ...process,
      ...fileImports(system),
      poll_oneoff: new WebAssembly.Suspending(poll),
    },
    loligo: {
      ...socketImports(system),
      send: (at: number, length: number) => control.send(memory.all.subarray(at >>> 0, (at >>> 0) + length)),
    },
  }
}

async function start(
  module: WebAssembly.Module,
  imports: Record<string, object>,
  { memory }: GuestSystem,
  beat: Beat,
): Promise<string> {
  try {
    const { exports } = await WebAssembly.instantiate(module, imports)
    memory.bind(exports.memory as WebAssembly.Memory)
    beat.runs()
    const main = WebAssembly.promising(exports._start)
    await onDeepStack(() => main())
    return 'its main function returned'
  } catch (error) {
    if (error instanceof GuestExit) return `it ended with exit code ${error.code}`
    if (error instanceof RangeError && error.message.includes('call stack')) return 'its stack overflowed'
    if (error instanceof WebAssembly.RuntimeError) return `it trapped: ${error.message}`
    return `it failed: ${error instanceof Error ? error.message : String(error)}`
  } finally {
    beat.waits()
  }
}

function takeFrame(kind: number, flags: number, payload: Buffer, tell: (message: FromGuestThread) => void): void {
  if (kind === FROM_GUEST.ready) tell({ type: 'ready', report: JSON.parse(payload.toString('utf8')) as GuestReport })
  else if (kind === FROM_GUEST.log) tell({ type: 'log', level: flags, text: payload.toString('utf8') })
}
