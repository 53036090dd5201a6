import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import type { HttpRequest, HttpStage } from '../../pipes/http.ts'
import { Span } from '../../pipes/span.ts'
import { secretCheck } from '../../shared/secret-check.ts'

const MAX_LENGTH = 4096
const CUT = ', ...'

/**
 * Tells in a header field of the answer which stages and plugins a request went through, and how long each took. It is
 * the outermost step, and begins the trace; the others, and the plugins, put their spans into it.
 */
export const stageTrace = defineFeature({
  namespace: 'telemetry/stage-trace',
  options: Type.Object({
    header: Type.String({
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      description: 'The field of the answer, and, with a token, that of the request',
      default: 'X-Loligo-Trace',
    }),
    token: Type.Optional(
      Type.String({
        pattern: '^[!-~]+$',
        description: 'Only requests that bring it in the field are traced; it is not forwarded',
      }),
    ),
  }),
  server: ({ header, token }, { log }) => {
    if (token !== undefined) return traced(header, tokenCheck(header, token))
    log.warning(
      `every client is told by ${header} what its request went through: telemetry/stage-trace has no "token"; set one wherever others than you send requests`,
    )
    return traced(header, () => true)
  },
})

function traced(header: string, isWanted: (request: HttpRequest) => boolean): HttpStage {
  return (next) => async (request, context) => {
    if (!isWanted(request)) return next(request, context)
    const trace = new Span('')
    context.span = trace
    const response = await next(request, context)
    response.headers.set(header, formatTrace(trace))
    return response
  }
}

/** Takes the token off the request, right or wrong. */
function tokenCheck(header: string, token: string): (request: HttpRequest) => boolean {
  const name = header.toLowerCase()
  const isToken = secretCheck(token)
  return (request) => {
    const given = request.header(name)
    if (given === null) return false
    request.headers.delete(name)
    return isToken(given)
  }
}

/**
 * The spans of a trace, each before those within it: `>` for each step around it, the label, the milliseconds from the
 * arrival to its begin and from there to its end (`-` while it has none).
 *
 * @example
 * router;0.02;4.31, >endpoint:GET /a;0.05;4.25, >>backend:GET /u;0.07;4.11, >>>upstream;0.09;3.98
 */
export function formatTrace(trace: Span): string {
  let text = ''
  const add = (span: Span, marks: string): boolean => {
    const began = (span.startedAt - trace.startedAt).toFixed(2)
    const took = span.ended ? (span.endedAt - span.startedAt).toFixed(2) : '-'
    const entry = `${text === '' ? '' : ', '}${marks}${span.label};${began};${took}`
    if (text.length + entry.length > MAX_LENGTH - CUT.length) return false
    text += entry
    return span.children.every((child) => add(child, `${marks}>`))
  }
  return trace.children.every((child) => add(child, '')) ? text : text + CUT
}
