import { HeaderList } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'
import { percentDecode } from '../pipes/query.ts'

/**
 * Refuses parameter values that would mean something else when they are decoded once more, or that hold `?` or `#`:
 * they could reach another resource of the upstream. Null when all are fine. Specification: core 2.1.
 */
export function refuseEncoded(values: readonly string[]): HttpResponse | null {
  for (const value of values) {
    const reason = suspicion(value)
    if (reason !== null) {
      return new HttpResponse(400, new HeaderList(['Content-Type', 'text/plain; charset=utf-8']), `error: ${reason}`)
    }
  }
  return null
}

function suspicion(value: string): string | null {
  if (value.includes('%')) {
    const invalid = /%(?![0-9A-Fa-f]{2})/.exec(value)
    if (invalid !== null) return `invalid URL escape "${value.slice(invalid.index, invalid.index + 3)}"`
    if (percentDecode(value) !== value) return 'encoded url params'
  }
  return value.includes('?') || value.includes('#') ? 'encoded url params' : null
}
