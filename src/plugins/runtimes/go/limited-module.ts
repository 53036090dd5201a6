const PAGE_BYTES = 65_536
const MEMORY_SECTION = 5
const HAS_MAXIMUM = 1

/** Room before the code of a module, into which its beginning moves when the section of its memory grows. */
export const SLACK_BYTES = 32

/**
 * The code of a module with an upper limit to its memory: a guest that wants more is told that there is none.
 * @param room the code of a module that has one memory of its own, as Go's have, behind `SLACK_BYTES` of room; it is
 * changed, for a copy of code is large
 * @throws RangeError when it needs more to begin with
 */
export function limitMemory(room: Uint8Array, maxBytes: number): Uint8Array {
  const bytes = room.subarray(SLACK_BYTES)
  const pages = Math.floor(maxBytes / PAGE_BYTES)
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at] as number
    const size = readVar(bytes, at + 1)
    const end = size.end + size.value
    if (id !== MEMORY_SECTION) {
      at = end
      continue
    }
    const count = readVar(bytes, size.end)
    const minimum = readVar(bytes, count.end + 1)
    if (minimum.value > pages) {
      throw new RangeError(
        `it needs ${minimum.value * PAGE_BYTES} bytes of memory to begin with, and may have ${maxBytes}`,
      )
    }
    const body = [...writeVar(count.value), HAS_MAXIMUM, ...writeVar(minimum.value), ...writeVar(pages)]
    const section = [MEMORY_SECTION, ...writeVar(body.length), ...body]
    const start = SLACK_BYTES - (section.length - (end - at))
    room.copyWithin(start, SLACK_BYTES, SLACK_BYTES + at)
    room.set(section, start + at)
    return room.subarray(start)
  }
  return bytes
}

/** Reads an unsigned number of variable length (LEB128). */
export function readVar(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined || shift > 28) throw new RangeError('the module is cut off')
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return { value, end: at }
  }
}

/** Writes an unsigned number in as many bytes of seven bits as it needs (LEB128). */
export function writeVar(value: number): number[] {
  const out: number[] = []
  for (let rest = value; ; ) {
    const byte = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0) return [...out, byte]
    out.push(byte | 128)
  }
}
