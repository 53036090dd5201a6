import type { MessagePort } from 'node:worker_threads'
import type { GuestReport } from './guest/messages.ts'
import {
  type GuestConnection,
  type GuestEnd,
  type GuestEvents,
  GuestFailed,
  type GuestSpec,
  type Guests,
} from './guests.ts'
import type { LinkMemory } from './link.ts'

type ToOwner =
  | { readonly type: 'open'; readonly id: number; readonly spec: GuestSpec }
  | { readonly type: 'close'; readonly id: number }
  | { readonly type: 'distrust'; readonly id: number; readonly reason: string }

type FromOwner =
  | ({ readonly type: 'opened'; readonly id: number } & Opened)
  | { readonly type: 'failed'; readonly id: number; readonly reason: string }
  | { readonly type: 'up'; readonly id: number; readonly memory: LinkMemory }
  | { readonly type: 'down'; readonly id: number; readonly end: GuestEnd }

interface Opened {
  readonly memory: LinkMemory | null
  readonly report: GuestReport
  readonly before: GuestEnd
}

/** Gives the thread at the other end of a port connections to guests; they are closed with the port. */
export function serveGuests(guests: Guests, port: MessagePort): void {
  const connections = new Map<number, GuestConnection | null>()
  const tell = (message: FromOwner): void => port.postMessage(message)
  port.on('message', (message: ToOwner) => {
    const { id } = message
    if (message.type === 'open') void open(id, message.spec)
    else if (message.type === 'distrust') connections.get(id)?.distrust(message.reason)
    else {
      connections.get(id)?.close()
      connections.delete(id)
    }
  })
  port.on('close', () => {
    for (const connection of connections.values()) connection?.close()
    connections.clear()
  })
  port.unref()

  async function open(id: number, spec: GuestSpec): Promise<void> {
    connections.set(id, null)
    try {
      const connection = await guests.open(spec, {
        up: (memory) => tell({ type: 'up', id, memory }),
        down: (end) => tell({ type: 'down', id, end }),
      })
      if (!connections.has(id)) connection.close()
      else {
        connections.set(id, connection)
        const { memory, report, before } = connection
        tell({ type: 'opened', id, memory, report, before })
      }
    } catch (error) {
      connections.delete(id)
      tell({ type: 'failed', id, reason: error instanceof Error ? error.message : String(error) })
    }
  }
}

/** A thread's view of the guests: asks their owner through a port whose other end is given to `serveGuests`. */
export function connectGuests(port: MessagePort): Guests {
  const opening = new Map<number, PromiseWithResolvers<GuestConnection>>()
  const open = new Map<number, GuestEvents>()
  let nextId = 1
  const tell = (message: ToOwner): void => port.postMessage(message)
  port.on('message', (message: FromOwner) => {
    const { id } = message
    if (message.type === 'up') open.get(id)?.up(message.memory)
    else if (message.type === 'down') open.get(id)?.down(message.end)
    else {
      const asked = opening.get(id)
      opening.delete(id)
      if (opening.size === 0) port.unref()
      if (message.type === 'failed') {
        open.delete(id)
        asked?.reject(new GuestFailed(message.reason))
      } else {
        const close = (): void => {
          open.delete(id)
          tell({ type: 'close', id })
        }
        const distrust = (reason: string): void => tell({ type: 'distrust', id, reason })
        const { memory, report, before } = message
        asked?.resolve({ memory, report, before, distrust, close })
      }
    }
  })
  port.unref()
  return {
    open(spec, events) {
      const id = nextId++
      const asked = Promise.withResolvers<GuestConnection>()
      opening.set(id, asked)
      open.set(id, events)
      port.ref()
      tell({ type: 'open', id, spec })
      return asked.promise
    },
  }
}
