import { formatLatency } from './go-duration.ts'
import { keepInside, quote } from './printable.ts'
import { createStamp } from './timestamp.ts'

/** What one line of the access log tells about a request. */
export interface AccessRecord {
  readonly status: number
  /** From the arrival of the request to the end of the answer, milliseconds. */
  readonly latencyMs: number
  /** After the rules of `trusted_proxies`. */
  readonly clientAddress: string
  readonly method: string
  /** Decoded, with the query. */
  readonly path: string
  /** What failed on the way, or null. */
  readonly errors: readonly Error[] | null
}

const stamp = createStamp({ dateSeparator: '/', between: ' - ' })

/**
 * Writes a request as a line of the access log, without the line feed at its end; lines `Error #01: …` follow when
 * something failed (specification: core 3.7, operations 4.2).
 */
export function formatAccessLine(record: AccessRecord, nowMs: number = Date.now()): string {
  const latency = formatLatency(record.latencyMs).padStart(8)
  const client = record.clientAddress.padStart(15)
  const line = `[GIN] ${stamp(nowMs)} | ${padStatus(record.status)} | ${latency} | ${client} | ${record.method.padEnd(7)}  ${quote(record.path)}`
  return record.errors === null || record.errors.length === 0 ? line : line + errorLines(record.errors)
}

function padStatus(status: number): string {
  return status >= 100 ? `${status}` : `${status}`.padStart(3)
}

function errorLines(errors: readonly Error[]): string {
  let lines = ''
  for (const [index, error] of errors.entries()) {
    lines += `\nError #${`${index + 1}`.padStart(2, '0')}: ${keepInside(error.message)}`
  }
  return lines
}
