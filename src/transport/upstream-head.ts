import { HeaderList } from '../pipes/headers.ts'
import type { LazyHeaders } from '../pipes/http.ts'

/** The header fields of an upstream's answer, as undici hands them over. */
export class UpstreamHead implements LazyHeaders {
  readonly #raw: readonly Buffer[]
  readonly #parsed: Record<string, string | string[] | undefined>

  /**
   * @param raw names and values as they came
   * @param parsed by name in lower case
   */
  constructor(raw: readonly Buffer[], parsed: Record<string, string | string[] | undefined>) {
    this.#raw = raw
    this.#parsed = parsed
  }

  list(): HeaderList {
    return new HeaderList(this.#raw.map((part) => part.toString('latin1')))
  }

  get(name: string): string | null {
    const key = name.toLowerCase()
    const value = Object.hasOwn(this.#parsed, key) ? this.#parsed[key] : undefined
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ')
  }
}
