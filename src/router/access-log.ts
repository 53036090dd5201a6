import type { HttpStage } from '../pipes/http.ts'
import { percentDecode } from '../pipes/query.ts'
import { formatAccessLine } from '../telemetry/access-log.ts'

/**
 * A line for each request once it has been answered. Specification: core 3.7.
 * @param skipped paths, without a query, that get no line
 */
export function accessLog(write: (line: string) => void, skipped: readonly string[]): HttpStage {
  const quiet = new Set(skipped)
  return (next) => (request, context) => {
    const { method, target, path } = request
    if (quiet.has(path)) return next(request, context)
    context.onFinish = () => {
      const search = target.slice(path.length)
      write(
        formatAccessLine({
          status: context.status,
          latencyMs: performance.now() - context.startedAt,
          clientAddress: context.clientAddress,
          method,
          path: (percentDecode(path) ?? path) + search,
          errors: context.errors ?? [],
        }),
      )
    }
    return next(request, context)
  }
}
