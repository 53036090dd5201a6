import { HeaderList } from '../pipes/headers.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { Query } from '../pipes/query.ts'

/** The backend's own `input_headers`: only those out of what the endpoint let through. Specification: core 2.4. */
export function filterHeaders(names: readonly string[]): ProxyStage | null {
  if (names.length === 0) return null
  const allowed = new Set(names.map((name) => name.toLowerCase()))
  return (next) => (request, context) => {
    const { raw } = request.headers
    const kept: string[] = []
    for (let i = 0; i < raw.length; i += 2) {
      if (allowed.has((raw[i] as string).toLowerCase())) kept.push(raw[i] as string, raw[i + 1] as string)
    }
    request.headers = new HeaderList(kept)
    return next(request, context)
  }
}

/** The backend's own `input_query_strings`: only those out of what the endpoint let through. Specification: core 2.4. */
export function filterQuery(names: readonly string[]): ProxyStage | null {
  if (names.length === 0) return null
  const allowed = new Set(names)
  return (next) => (request, context) => {
    const { raw } = request.query
    const kept: string[] = []
    for (let i = 0; i < raw.length; i += 2) {
      if (allowed.has(raw[i] as string)) kept.push(raw[i] as string, raw[i + 1] as string)
    }
    request.query = new Query(kept)
    return next(request, context)
  }
}
