import { LONGEST_TIMER_MS } from '../../../../pipes/clock.ts'
import { ERRNO } from './errno.ts'
import type { GuestSystem } from './guest-system.ts'

const SUBSCRIPTION_BYTES = 48
const EVENT_BYTES = 32
const CLOCK = 0
const FD_READ = 1
const MONOTONIC = 1
const ABSOLUTE = 1

/** What a guest waits for, and how it is woken. */
export interface Poller {
  /** `poll_oneoff`: returns at once when something is ready, else a promise by which the guest is suspended. */
  readonly poll: (subscriptions: number, events: number, count: number, written: number) => number | Promise<number>
  /** Something may have become ready. */
  wake(): void
}

/** @param around told when the guest begins to wait, and when it goes on */
export function createPoller(
  system: Pick<GuestSystem, 'memory' | 'descriptors'>,
  around: { readonly waits: () => void; readonly goesOn: () => void },
): Poller {
  const { memory, descriptors } = system
  let look: (() => void) | null = null

  /** Writes an event for each subscription that is ready; timers count when the time is up. */
  function collect(from: number, to: number, count: number, timeIsUp: boolean): number {
    const { view } = memory
    let ready = 0
    for (let i = 0; i < count; i++) {
      const subscription = from + i * SUBSCRIPTION_BYTES
      const type = view.getUint8(subscription + 8)
      if (type === CLOCK) {
        if (timeIsUp) writeEvent(to + EVENT_BYTES * ready++, subscription, CLOCK, 0)
        continue
      }
      const descriptor = descriptors.find(view.getUint32(subscription + 16, true))
      if (descriptor === undefined) writeEvent(to + EVENT_BYTES * ready++, subscription, type, ERRNO.badf)
      else {
        const can = type === FD_READ ? descriptor.canRead : descriptor.canWrite
        if (can === undefined || can.call(descriptor)) writeEvent(to + EVENT_BYTES * ready++, subscription, type, 0)
      }
    }
    return ready
  }

  function writeEvent(event: number, subscription: number, type: number, errno: number): void {
    const { view } = memory
    view.setBigUint64(event, view.getBigUint64(subscription, true), true)
    view.setUint16(event + 8, errno, true)
    view.setUint8(event + 10, type)
    view.setBigUint64(event + 16, type === CLOCK ? 0n : 1n, true)
    view.setUint16(event + 24, 0, true)
  }

  /** How long the guest wants to wait at most, in milliseconds. */
  function timeoutMs(from: number, count: number): number {
    const { view } = memory
    let shortest = Number.POSITIVE_INFINITY
    for (let i = 0; i < count; i++) {
      const subscription = from + i * SUBSCRIPTION_BYTES
      if (view.getUint8(subscription + 8) !== CLOCK) continue
      let ns = Number(view.getBigUint64(subscription + 24, true))
      if ((view.getUint16(subscription + 40, true) & ABSOLUTE) !== 0) {
        const clock = view.getUint32(subscription + 16, true)
        ns -= clock === MONOTONIC ? Number(process.hrtime.bigint()) : Date.now() * 1e6
      }
      shortest = Math.min(shortest, Math.max(0, ns / 1e6))
    }
    return shortest
  }

  function wait(from: number, to: number, count: number, written: number, ms: number): Promise<number> {
    around.waits()
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
      const goOn = (ready: number): void => {
        look = null
        if (timer !== null) clearTimeout(timer as NodeJS.Timeout)
        memory.view.setUint32(written, ready, true)
        around.goesOn()
        resolve(ERRNO.success)
      }
      look = () => {
        const ready = collect(from, to, count, false)
        if (ready > 0) goOn(ready)
      }
      if (ms !== Number.POSITIVE_INFINITY) {
        timer = setTimeout(() => goOn(collect(from, to, count, true)), Math.min(Math.ceil(ms), LONGEST_TIMER_MS))
      }
      // What became ready while the memory was looked at is not missed, for nothing else runs in between; but a reader of
      // shared memory must be armed again, which may find something.
      look()
    })
  }

  return {
    poll: (subscriptions, events, count, written) => {
      const [from, to, at] = [subscriptions >>> 0, events >>> 0, written >>> 0]
      const ready = collect(from, to, count, false)
      if (ready > 0) {
        memory.view.setUint32(at, ready, true)
        return ERRNO.success
      }
      const ms = timeoutMs(from, count)
      if (ms <= 0) {
        memory.view.setUint32(at, collect(from, to, count, true), true)
        return ERRNO.success
      }
      return wait(from, to, count, at, ms)
    },
    wake: () => look?.(),
  }
}
