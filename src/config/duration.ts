const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, the micro sign
  μs: 1_000n, // U+03BC, the Greek letter
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const MAX_NS = 2n ** 63n - 1n
const NUMBER = /(\d*)(?:\.(\d*))?/y
const UNIT = /[^\d.]+/y

/** A duration, or why a text is none. */
export type ParsedDuration = { readonly ms: number } | { readonly error: string }

/**
 * Reads a duration in the notation of Go: an optional sign, then decimal numbers, each with a unit of
 * `ns us µs ms s m h`; a lone `0` is allowed (specification: core 1.1). Milliseconds with fractions, exact to the
 * nanosecond.
 */
export function parseDuration(text: string): ParsedDuration {
  const sign = text[0] === '-' ? -1n : 1n
  const body = text[0] === '-' || text[0] === '+' ? text.slice(1) : text
  if (body === '0') return { ms: 0 }
  if (body === '') return { error: text === '' ? 'it is empty' : 'the number is missing' }
  let sum = 0n
  for (let at = 0; at < body.length; ) {
    NUMBER.lastIndex = at
    const number = NUMBER.exec(body)
    const whole = number?.[1] ?? ''
    const fraction = number?.[2] ?? ''
    if (whole === '' && fraction === '') return { error: `a number was expected at ${JSON.stringify(body.slice(at))}` }
    at = NUMBER.lastIndex
    UNIT.lastIndex = at
    const unit = UNIT.exec(body)?.[0]
    if (unit === undefined) return { error: `the unit is missing after ${body.slice(0, at)}` }
    const unitNs = Object.hasOwn(UNIT_NS, unit) ? UNIT_NS[unit] : undefined
    if (unitNs === undefined) return { error: `unknown unit ${JSON.stringify(unit)}` }
    at = UNIT.lastIndex
    sum += BigInt(whole || '0') * unitNs
    if (fraction !== '') sum += (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length)
    if (sum > MAX_NS) return { error: 'it is longer than 292 years' }
  }
  return { ms: Number(sign * sum) / 1e6 }
}

/** Writes milliseconds as Go prints a duration: `1m30s`, `1.5s`, `350ms`, `0s`. */
export function formatDuration(ms: number): string {
  const ns = BigInt(Math.round(Math.abs(ms) * 1e6))
  if (ns === 0n) return '0s'
  const sign = ms < 0 ? '-' : ''
  if (ns < 1_000n) return `${sign}${ns}ns`
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 3)}µs`
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 6)}ms`
  const minutes = ns / 60_000_000_000n
  const seconds = `${decimal(ns % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** `value / 10^digits` without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const text = value.toString().padStart(digits + 1, '0')
  const fraction = text.slice(-digits).replace(/0+$/, '')
  return fraction === '' ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${fraction}`
}
