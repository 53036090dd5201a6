/**
 * Writes a duration as Go does (`232.545µs`, `1.23ms`, `1m30.5s`), cut (not rounded) to two decimals from one
 * millisecond on and to whole nanoseconds below (specification: operations 4.2).
 */
export function formatLatency(ms: number): string {
  if (!(ms > 0)) return '0s'
  if (ms < 1) return formatBelowMillisecond(Math.round(ms * 1e6))
  if (ms < 1000) return `${cutToHundredths(ms)}ms`
  if (ms < 60_000) return `${cutToHundredths(ms / 1000)}s`
  const seconds = ms / 1000
  const minutes = Math.floor(seconds / 60)
  const rest = `${cutToHundredths(seconds - minutes * 60)}s`
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`
}

function formatBelowMillisecond(ns: number): string {
  if (ns === 0) return '0s'
  if (ns < 1000) return `${ns}ns`
  return ns < 1_000_000 ? `${ns / 1000}µs` : '1ms'
}

/** The tiny addend keeps 1.15 (stored as 1.1499…) at 1.15. */
function cutToHundredths(value: number): number {
  return Math.floor(value * 100 + 1e-6) / 100
}
