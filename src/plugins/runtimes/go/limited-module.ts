const PAGE_BYTES = 65_536
const MEMORY_SECTION = 5
const HAS_MAXIMUM = 1

/**
 * The code of a module with an upper limit to its memory: a guest that wants more is told that there is none.
 * @param bytes a module that has one memory of its own, as Go's have
 * @throws RangeError when it needs more to begin with
 */
export function limitMemory(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const pages = Math.floor(maxBytes / PAGE_BYTES)
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at] as number
    const size = readVar(bytes, at + 1)
    const start = size.end
    if (id !== MEMORY_SECTION) {
      at = start + size.value
      continue
    }
    const count = readVar(bytes, start)
    const minimum = readVar(bytes, count.end + 1)
    if (minimum.value > pages) {
      throw new RangeError(
        `it needs ${minimum.value * PAGE_BYTES} bytes of memory to begin with, and may have ${maxBytes}`,
      )
    }
    const body = [...writeVar(count.value), HAS_MAXIMUM, ...writeVar(minimum.value), ...writeVar(pages)]
    const section = Uint8Array.from([MEMORY_SECTION, ...writeVar(body.length), ...body])
    return Buffer.concat([bytes.subarray(0, at), section, bytes.subarray(start + size.value)])
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

function writeVar(value: number): number[] {
  const out: number[] = []
  for (let rest = value; ; ) {
    const byte = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0) return [...out, byte]
    out.push(byte | 128)
  }
}
