import { sameName } from '../pipes/headers.ts'

/**
 * The value of a header field that may come once: null when there is none, empty when there are several, for backends
 * could take another one than what was checked.
 * @param wanted in lower case
 */
export function onlyField(raw: readonly string[], wanted: string): string | null {
  const { length } = wanted
  let value: string | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== length || !sameName(name, wanted)) continue
    if (value !== null) return ''
    value = raw[i + 1] as string
  }
  return value
}

const ASCII = /^[\0-\x7f]*$/

/** The text of a field that was sent as UTF-8: fields cross the gateway with one character for each byte. */
export function utf8Field(value: string): string {
  return ASCII.test(value) ? value : Buffer.from(value, 'latin1').toString('utf8')
}
