import type { HttpStage } from '../pipes/http.ts'
import { decodeForm, percentDecode } from '../pipes/query.ts'
import { formatAccessLine } from '../telemetry/access-log.ts'

/**
 * A line for each request once it has been answered. Specification: core 3.7.
 * @param skipped paths, decoded and without a query, that get no line
 */
export function accessLog(write: (line: string) => void, skipped: readonly string[]): HttpStage {
  const quiet = new Set(skipped)
  return (next) => (request, context) => {
    const { method, path } = request
    const target = request.currentTarget()
    if (quiet.size > 0 && quiet.has(percentDecode(path) ?? path)) return next(request, context)
    const { whole } = context // a server plugin may have called with a part of the request's time
    whole.onFinish = () => {
      const search = target.length === path.length + 1 ? '' : target.slice(path.length)
      const { clock } = context
      const record = {
        status: whole.status,
        latencyMs: clock.now() - context.startedAt,
        clientAddress: context.clientAddress,
        method,
        path: (percentDecode(path) ?? path) + hidden(search, whole.secretParameter),
        errors: whole.errors ?? [],
      }
      write(formatAccessLine(record, clock.wallTime()))
    }
    return next(request, context)
  }
}

/** A query without the value of a secret. */
function hidden(search: string, secret: string | null): string {
  if (secret === null || search === '') return search
  const shown = search
    .slice(1)
    .split('&')
    .map((pair) => {
      const [name = ''] = pair.split('=', 1)
      return decodeForm(name) === secret ? `${name}=***` : pair
    })
  return `?${shown.join('&')}`
}
