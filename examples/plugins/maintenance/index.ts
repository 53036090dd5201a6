import { hash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { definePlugin, type PlainResponse, type PluginRequest, type PluginTools, Type } from 'loligo/plugin'

const CHALLENGE = 'Bearer realm="maintenance"'

/** Answers with 503 while the service is in maintenance, except for those who work on it. */
export const maintenance = definePlugin({
  name: 'maintenance',
  version: '1.0.0',

  options: Type.Object({
    enabled: Type.Boolean({ default: false, description: 'In maintenance whatever the switch says' }),
    paths: Type.Array(Type.String({ pattern: '^/' }), { default: ['/'], description: 'What is in maintenance, below' }),
    allow_paths: Type.Array(Type.String({ pattern: '^/' }), {
      default: ['/__health'],
      description: 'What stays open, and all below it',
    }),
    allow_addresses: Type.Array(Type.String(), { default: [], description: 'Addresses and networks that are let in' }),
    status: Type.Integer({ minimum: 400, maximum: 599, default: 503, description: 'Of the answer' }),
    retry_after: Type.Duration({ default: 300_000, minimum: 1000, description: 'For Retry-After' }),
    body: Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())], {
      default: { error: 'in maintenance' },
      description: 'Text, or an object for JSON',
    }),
    content_type: Type.Optional(Type.String({ description: 'Of the body, where it is a text' })),
    flag: Type.String({ default: 'on', minLength: 1, description: 'Places with the same flag are switched together' }),
    switch_path: Type.Optional(
      Type.String({ pattern: '^/', description: 'PUT turns the maintenance on, DELETE off, GET tells' }),
    ),
    token_hash: Type.Optional(
      Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'SHA-256 of the bearer token for the switch' }),
    ),
  }),

  server: (options, tools) => {
    const { enabled, flag, switch_path: switchPath } = options
    const isClosed = belowAny(options.paths)
    const isOpen = belowAny(options.allow_paths)
    const addresses = toBlockList(options.allow_addresses)
    const { store } = tools
    const answer = closedAnswer(options)
    const answerSwitch = createSwitch(options, tools)

    return (next) => (request, context) => {
      if (switchPath !== undefined && request.path === switchPath) return answerSwitch(request)
      if (!enabled && store.count(flag) <= 0) return next(request, context)
      const path = plainPath(request.path)
      const open = path !== null && (!isClosed(path) || isOpen(path))
      return open || isListed(addresses, context.clientAddress) ? next(request, context) : answer
    }
  },
})

/** The path as routes see it; null when it cannot be decoded: such a one is never taken for an open path. */
function plainPath(path: string): string | null {
  try {
    return decodeURIComponent(path).replace(/\/{2,}/g, '/')
  } catch {
    return null
  }
}

/** Whether a path is one of these or below: `/api` takes `/api` and `/api/users`, and not `/apis`. */
function belowAny(prefixes: readonly string[]): (path: string) => boolean {
  const bare = prefixes.map((prefix) => prefix.replace(/\/+$/, ''))
  return (path) => bare.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

/** @throws Error for what is neither an address nor a network */
function toBlockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    const size = bits === undefined ? null : Number(bits)
    const fits = size === null || (/^\d{1,3}$/.test(bits ?? '') && size <= (family === 6 ? 128 : 32))
    if (family === 0 || !fits || rest.length > 0) throw new Error(`"${entry}" is neither an address nor a network`)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (size === null) list.addAddress(address, type)
    else list.addSubnet(address, size, type)
  }
  return list
}

function isListed(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function closedAnswer(options: {
  status: number
  retry_after: number
  body: string | Record<string, unknown>
  content_type?: string
}): PlainResponse {
  const { status, retry_after: retryAfterMs, body, content_type: type } = options
  const headers = { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)), 'Cache-Control': 'no-store' }
  return { status, headers: type === undefined ? headers : { ...headers, 'Content-Type': type }, body }
}

/** The switch is a counter, for these can be read at once in every thread: above 0 means on. */
function createSwitch(
  { enabled, flag, switch_path: path, token_hash: tokenHash }: SwitchOptions,
  { store, log, config }: PluginTools,
): (request: PluginRequest) => PlainResponse {
  if ((path === undefined) !== (tokenHash === undefined)) throw new Error('"switch_path" and "token_hash" go together')
  if (path !== undefined && config.endpoint !== null) throw new Error('"switch_path" works at the service alone')
  const expected = Buffer.from(tokenHash ?? '', 'hex')
  return ({ method, headers }) => {
    const token = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? ''
    if (!timingSafeEqual(hash('sha256', token, 'buffer'), expected)) {
      log.warning(`${method} ${path} without the token`)
      return { status: 401, headers: { 'WWW-Authenticate': CHALLENGE }, body: { error: 'the token is needed' } }
    }
    if (method === 'PUT' || method === 'DELETE') {
      store.setCount(flag, method === 'PUT' ? 1 : 0)
      log.warning(`maintenance was turned ${method === 'PUT' ? 'on' : 'off'}`)
    } else if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, headers: { Allow: 'GET, HEAD, PUT, DELETE' } }
    return { headers: { 'Cache-Control': 'no-store' }, body: { maintenance: enabled || store.count(flag) > 0 } }
  }
}

interface SwitchOptions {
  readonly enabled: boolean
  readonly flag: string
  readonly switch_path?: string
  readonly token_hash?: string
}
