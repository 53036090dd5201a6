const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30 }
const SIZE = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i

/** A number of bytes, or why a text names none. */
export type ParsedByteSize = { readonly bytes: number } | { readonly error: string }

/** Reads a size such as `256MB`. Units are B, KB, MB and GB, also written KiB, MiB and GiB: each is 1024 of the one before. */
export function parseByteSize(text: string): ParsedByteSize {
  const [, number = '', unit = ''] = SIZE.exec(text.trim()) ?? []
  if (number === '') return { error: 'a number with a unit such as "256MB" was expected' }
  const factor = UNITS[unit.toLowerCase().replace(/^([kmg])i?b$/, '$1b')]
  if (factor === undefined) return { error: `unknown unit ${JSON.stringify(unit)}` }
  return { bytes: Math.round(Number(number) * factor) }
}
