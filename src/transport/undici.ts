import type { SecureContext } from 'node:tls'
import type { UpstreamOptions } from '../config/model.ts'
import type { Context } from '../pipes/context.ts'
import type { Handler, HttpRequest, HttpResponse } from '../pipes/http.ts'
import { Call, UpstreamUnreachable } from './call.ts'
import type { HttpClient } from './client.ts'
import { type IdleBudget, OriginPool } from './origin-pool.ts'

/**
 * An HTTP client with a pool of connections per origin, on undici.
 * @param context what TLS connections are made with, as `options.tls` says; null: the usual
 */
export function createUndiciClient(
  options: UpstreamOptions,
  env: NodeJS.ProcessEnv = process.env,
  context: SecureContext | null = null,
): HttpClient {
  const pools = new Map<string, OriginPool>()
  const idle: IdleBudget = { limit: options.maxIdleConnections || Number.POSITIVE_INFINITY, open: 0, active: 0 }

  const poolFor = (origin: string): OriginPool => {
    let pool = pools.get(origin)
    if (pool === undefined) {
      pool = new OriginPool(origin, options, idle, env, context)
      pools.set(origin, pool)
    }
    return pool
  }

  const send = (request: HttpRequest, context: Context, once: Handler | null): Promise<HttpResponse> =>
    new Promise((resolve, reject) => {
      if (context.cancelled !== null) return reject(context.cancelled)
      let pool: OriginPool
      try {
        pool = poolFor(request.origin)
      } catch (cause) {
        return reject(new UpstreamUnreachable(`invalid host ${request.origin}: ${(cause as Error).message}`, { cause }))
      }
      new Call(pool, request, context, once, resolve, reject).dispatch()
    })
  const once: Handler = (request, context) => send(request, context, null)

  return {
    handle: (request, context) => send(request, context, once),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      pools.clear()
    },
  }
}
