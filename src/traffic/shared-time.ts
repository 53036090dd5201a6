import { type Clock, SYSTEM_CLOCK } from '../pipes/clock.ts'
import { createSharedClock } from '../shared/shared-clock.ts'

/** Milliseconds for what all threads share: the gateway's clock, made comparable where it is the machine's. */
export function sharedTime(clock: Clock): () => number {
  return clock === SYSTEM_CLOCK ? createSharedClock() : () => clock.now()
}
