import { hash } from 'node:crypto'
import { definePlugin, type ModifierRequest, Type } from 'loligo/plugin'

const FIELD_NAME = "^[\\w!#$%&'*+.^`|~-]+$"
const VARIANTS = ['stable', 'canary'] as const
type Variant = (typeof VARIANTS)[number]

/** Sends a share of a backend's calls to another host, and counts how both of them do. */
export const canary = definePlugin({
  name: 'canary',
  version: '1.0.0',

  options: Type.Object({
    host: Type.String({ pattern: '^https?://[^/?#]+(/[^?#]*)?$', description: 'Where the canary runs' }),
    percent: Type.Number({ minimum: 0, maximum: 100, description: 'The share of the calls that it gets' }),
    sticky_header: Type.Optional(
      Type.String({ pattern: FIELD_NAME, description: 'Equal values of this header go the same way' }),
    ),
    sticky_cookie: Type.Optional(
      Type.String({ pattern: FIELD_NAME, description: 'Equal values of this cookie go the same way' }),
    ),
    salt: Type.String({ default: 'canary', description: 'Another text gives the canary to other values' }),
    override_header: Type.Optional(
      Type.String({ pattern: FIELD_NAME, description: 'A header whose value, "canary" or "stable", decides' }),
    ),
  }),

  middleware: (options, { config, counter, histogram, now }) => {
    if (config.backend === null) throw new Error('this stands at a backend: an endpoint has no host to change')
    const { percent, salt, override_header: override } = options
    const host = options.host.replace(/\/$/, '')
    const stickyValue = createSticky(options)
    const measuresOf = (variant: Variant) => ({
      requests: counter(`${variant}.requests`, { description: `Calls of the ${variant} host` }),
      failures: counter(`${variant}.failures`, { description: `Calls of the ${variant} host that failed` }),
      ms: histogram(`${variant}.ms`, { description: `How long the ${variant} host took, in milliseconds` }),
    })
    const measures = { stable: measuresOf('stable'), canary: measuresOf('canary') }

    const choose = (request: ModifierRequest): Variant => {
      const wanted = override === undefined ? null : request.headers.get(override)
      const variant = VARIANTS.find((name) => name === wanted)
      if (variant !== undefined) return variant
      const value = stickyValue(request)
      const share = value === null ? Math.random() : shareOf(salt + value)
      return share * 100 < percent ? 'canary' : 'stable'
    }

    return (next) => async (request, context) => {
      const variant = choose(request)
      const { requests, failures, ms } = measures[variant]
      if (variant === 'canary') request.origin = host
      const startedAt = now()
      requests.add()
      try {
        const response = await next(request, context)
        if (response.status >= 500) failures.add() // with no-op, where a status is no failure by itself
        return response
      } catch (error) {
        failures.add()
        throw error
      } finally {
        ms.record(now() - startedAt)
      }
    }
  },
})

/** Reads what the choice is bound to; null where it is bound to nothing, or the request does not bring it. */
function createSticky({
  sticky_header: header,
  sticky_cookie: cookie,
}: {
  sticky_header?: string
  sticky_cookie?: string
}): (request: ModifierRequest) => string | null {
  if (header !== undefined && cookie !== undefined) throw new Error('give "sticky_header" or "sticky_cookie", not both')
  if (header !== undefined) return ({ headers }) => headers.get(header)
  if (cookie !== undefined) return ({ headers }) => findCookie(headers.get('cookie'), cookie)
  return () => null
}

/** The value of a cookie (RFC 6265, section 4.2.1); several fields count as one, as HTTP/2 splits them. */
function findCookie(header: string | null, name: string): string | null {
  if (header === null) return null
  for (const pair of header.split(/[;,]/)) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return null
}

/** A number from 0 up to 1 that only depends on the text, and is spread evenly. */
function shareOf(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 32
}
