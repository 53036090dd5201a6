import type { GuestMemory } from './guest-memory.ts'

/**
 * Goes through a guest's list of buffers until one is not filled, or not taken, to its end.
 * @param transfer moves bytes into the buffer or out of it; the number of bytes
 * @returns the number of bytes in all
 */
export function transferAll(
  memory: GuestMemory,
  list: number,
  count: number,
  transfer: (buffer: Uint8Array, done: number) => number,
): number {
  let done = 0
  for (let index = 0; index < count; index++) {
    const at = list + index * 8
    const length = memory.view.getUint32(at + 4, true)
    if (length === 0) continue
    let moved: number
    try {
      moved = transfer(memory.bytes(memory.view.getUint32(at, true), length), done)
    } catch (error) {
      // What was moved before counts; the guest meets the error when it goes on.
      if (done > 0) return done
      throw error
    }
    done += moved
    if (moved < length) break
  }
  return done
}
