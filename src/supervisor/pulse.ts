import { RUNNING_SLOTS } from '../shared/running-code.ts'
import { systemThread } from '../shared/scheduling.ts'

// What a thread shows of itself, in memory that needs nobody's help to be read: it may stand still, or be gone.

const BEATS = 0
const SYSTEM_THREAD = 1
/** Which plugin code it runs. */
const RUNNING = 2
const SLOTS = RUNNING + RUNNING_SLOTS

/** Makes the memory for one thread. */
export function makePulse(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT)
}

/** The part that tells which plugin code runs, for `RunningCode` and `runningSite`. */
export function runningSlots(pulse: SharedArrayBuffer): Int32Array {
  return new Int32Array(pulse, RUNNING * Int32Array.BYTES_PER_ELEMENT, RUNNING_SLOTS)
}

/**
 * To be called in the thread itself: from now on its beats tell that its event loop turns.
 * @param everyMs 0: nobody listens
 */
export function startPulse(pulse: SharedArrayBuffer, everyMs: number): void {
  if (everyMs === 0) return
  const slots = new Int32Array(pulse)
  slots[SYSTEM_THREAD] = systemThread()
  const beat = () => void Atomics.add(slots, BEATS, 1)
  beat()
  setInterval(beat, everyMs).unref()
}

/** How often the event loop has turned since the start; 0: the thread has not begun. */
export function beatsOf(pulse: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(pulse), BEATS)
}

/** The number by which the system knows the thread; 0 where it does not tell. */
export function systemThreadOf(pulse: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(pulse), SYSTEM_THREAD)
}
