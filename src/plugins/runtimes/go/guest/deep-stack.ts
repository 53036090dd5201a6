import { setFlagsFromString } from 'node:v8'

/** What V8 gives a stack of its own by default, in KiB. */
const USUAL_KB = 984
/** As deep as Go programs may recurse; only what is used of it takes memory. */
const DEEP_KB = 65_536

/**
 * Starts code whose calls may go deep, on a stack that is made for it (`WebAssembly.promising`). Go's own stacks grow up to
 * a gigabyte, and its packages count on that: JSON of a thousand levels is more than V8's usual stack has room for.
 * V8 takes the lower one of two settings of the process. The general one is put back at once, for other stacks are
 * measured by it and have no more memory than before.
 */
export function onDeepStack<T>(start: () => T): T {
  setFlagsFromString(`--wasm-stack-switching-stack-size=${DEEP_KB}`)
  setFlagsFromString(`--stack-size=${DEEP_KB}`)
  try {
    return start()
  } finally {
    setFlagsFromString(`--stack-size=${USUAL_KB}`)
  }
}
