import { BodyStream } from '../pipes/body.ts'
import type { Clock } from '../pipes/clock.ts'
import type { Context } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import type { Handler, HttpResponse } from '../pipes/http.ts'
import { UpstreamUnreachable } from '../transport/call.ts'
import type { HttpClient } from '../transport/client.ts'
import { follow, isRedirect } from '../transport/redirects.ts'
import { checkReply, type FixedReply, type Reply, type Script, toUpstreamResponse } from './reply.ts'
import { compileRoutes, isRoutes, type Match, type Router, type Routes } from './routes.ts'
import { pathOf, recordCall, type UpstreamCall } from './upstream-call.ts'

/**
 * What answers in place of the network, by host: an answer, a list of answers, a function, or routes. The host is written
 * as in the configuration (`http://users.test`); `*` takes every other one.
 *
 * @example
 * {
 *   'http://users.test': { 'GET /users/{id}': ({ params }) => ({ json: { id: params.id } }), '*': { status: 404 } },
 *   'http://slow.test': { delayMs: 500, json: {} },
 *   'http://flaky.test': [new Error('connection refused'), { json: { ok: true } }],
 *   'http://dead.test': 'never',
 * }
 */
export type Upstreams = Readonly<Record<string, Script | Routes>>

/** The doubles as a client of the gateway, and what they were asked. */
export interface Doubles {
  readonly client: HttpClient
  /** @param host as in the configuration; all hosts when it is left out */
  calls(host?: string): readonly UpstreamCall[]
}

/**
 * Makes the client that answers calls by doubles. Redirects are followed as over the network.
 * @param network takes calls for other hosts; null refuses them
 * @throws TypeError when something given as an answer is none
 */
export function createDoubles(upstreams: Upstreams, clock: Clock, network: HttpClient | null): Doubles {
  const routers = new Map<string, Router>()
  for (const [host, upstream] of Object.entries(upstreams)) {
    checkUpstream(upstream, host)
    routers.set(host === '*' ? host : originOf(host), compileRoutes(upstream))
  }
  const calls: (readonly [string, UpstreamCall])[] = []
  const once: Handler = async (request, context) => {
    const origin = originOf(request.origin)
    const router = routers.get(origin) ?? routers.get('*')
    if (router === undefined) {
      if (network !== null) return await network.handle(request, context)
      throw unknownHost(origin, [...routers.keys()])
    }
    const match = router(request.method, pathOf(request))
    const call = await untilOver(context, recordCall(request, match?.params ?? {}))
    calls.push([origin, call])
    if (match === null) throw new Failure(`the double for ${origin} has no route for ${call.method} ${call.path}`)
    return await respond(match, call, origin, context, clock)
  }
  return {
    client: { handle: following(once), close: async () => network?.close() },
    calls: (host) => {
      const origin = host === undefined ? null : originOf(host)
      return calls.filter(([at]) => origin === null || at === origin).map(([, call]) => call)
    },
  }
}

function following(once: Handler): Handler {
  return async (request, context) => {
    const response = await once(request, context)
    return isRedirect(response.status) ? await follow(once, request, context, response) : response
  }
}

async function respond(
  { reply }: Match,
  call: UpstreamCall,
  origin: string,
  context: Context,
  clock: Clock,
): Promise<HttpResponse> {
  const answer = await untilOver(context, evaluate(reply, call, origin))
  if (answer === 'never') return await untilOver(context, new Promise<never>(() => {}))
  if (answer instanceof Failure) throw answer
  if (answer instanceof Error) {
    throw new UpstreamUnreachable(`${call.method} ${origin}${call.path}: ${answer.message}`, { cause: answer })
  }
  if ('delayMs' in answer && answer.delayMs !== undefined) await untilOver(context, pause(clock, answer.delayMs))
  const response = await toUpstreamResponse(answer)
  const { body } = response
  if (body instanceof BodyStream && !body.ended) context.attach({ cancel: (reason) => body.cancel(reason) })
  return response
}

async function evaluate(reply: Reply, call: UpstreamCall, origin: string): Promise<FixedReply> {
  if (typeof reply !== 'function') return reply
  let answer: FixedReply
  try {
    answer = await reply(call)
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown))
  }
  checkReply(answer, `the double for ${origin}`)
  return answer
}

/** What `work` gives, unless the request is over before. */
function untilOver<T>(context: Context, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const guard = { cancel: reject }
    void work.then(resolve, reject).finally(() => context.detach(guard))
    context.attach(guard)
  })
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(resolve, ms))
}

/** What is written down in advance is checked before anything is asked. */
function checkUpstream(upstream: Script | Routes | null, owner: string): void {
  if (upstream === null) throw new TypeError(`upstreams: ${owner} has no answer`)
  if (isRoutes(upstream)) {
    for (const [route, script] of Object.entries(upstream)) checkScript(script, `${owner}, ${route}`)
  } else checkScript(upstream, owner)
}

function checkScript(script: Script, owner: string): void {
  const replies: readonly unknown[] = Array.isArray(script) ? script : [script]
  if (replies.length === 0) throw new TypeError(`upstreams: ${owner} has an empty list of answers`)
  for (const reply of replies) if (typeof reply !== 'function') checkReply(reply, `upstreams: ${owner}`)
}

function unknownHost(origin: string, known: readonly string[]): Failure {
  const others = known.length === 0 ? 'there are none' : `there are ${known.join(', ')}`
  return new Failure(
    `no double for the upstream ${origin}; ${others}. Add it to "upstreams", or set "network": true to let calls pass`,
  )
}

/** `http://users.test` of `http://users.test:80/`; a host without a scheme means HTTP, as in the configuration. */
function originOf(host: string): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(host) ? host : `http://${host}`)
  return url === null || url.origin === 'null' ? host : url.origin
}
