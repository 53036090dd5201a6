/**
 * Milliseconds of a clock that is the same in all threads of the process, since the machine's start: every thread's
 * `performance` counts from an origin of its own, so the distance to the system's monotonic clock is added. The wall
 * clock may be set meanwhile, this one never steps.
 */
export function createSharedClock(): () => number {
  const offset = monotonicOffset()
  return () => offset + performance.now()
}

/** The tightest of a few readings: between the three calls of one the thread may have been suspended. */
function monotonicOffset(): number {
  let best = { width: Number.POSITIVE_INFINITY, offset: 0 }
  for (let reading = 0; reading < 5; reading++) {
    const before = performance.now()
    const [seconds, nanoseconds] = process.hrtime()
    const after = performance.now()
    const width = after - before
    if (width < best.width) best = { width, offset: seconds * 1e3 + nanoseconds / 1e6 - (before + after) / 2 }
  }
  return best.offset
}
