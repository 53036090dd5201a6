import { hash, timingSafeEqual } from 'node:crypto'
import { definePlugin, type PlainResponse, type PluginRequest, Type } from 'loligo/plugin'

/** Visible characters, so that the text can stand in a header field; no comma, which separates roles there. */
const WORD = '^[!-+\\--~]+$'
const FIELD_NAME = "^[\\w!#$%&'*+.^`|~-]+$"

/** A client as it is looked up. */
interface Client {
  readonly name: string
  readonly roles: readonly string[]
  readonly digest: Buffer
  /** Whether its roles suffice here. */
  readonly allowed: boolean
}

/** Lets requests pass that bring a known API key, and tells the rest of the gateway whose it is. */
export const apiKey = definePlugin({
  name: 'api-key',
  version: '1.0.0',

  options: Type.Object({
    clients: Type.Array(
      Type.Object({
        name: Type.String({ pattern: WORD, description: 'Who the key belongs to' }),
        hash: Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'SHA-256 of the key, in hexadecimal digits' }),
        roles: Type.Array(Type.String({ pattern: WORD }), { default: [], description: 'What the client may do' }),
      }),
      { minItems: 1, description: 'The clients; several entries of one name are keys of one client' },
    ),
    header: Type.String({ pattern: FIELD_NAME, default: 'X-Api-Key', description: 'The header that brings the key' }),
    query: Type.Optional(
      Type.String({ minLength: 1, description: 'A query string that may bring it where there is no header' }),
    ),
    roles: Type.Array(Type.String(), { default: [], description: 'One of these is needed; none: any client may pass' }),
    open_paths: Type.Array(Type.String(), { default: ['/__health'], description: 'Paths that need no key, exactly' }),
    client_header: Type.String({
      pattern: FIELD_NAME,
      default: 'X-Client',
      description: 'Gets the name of the client',
    }),
    roles_header: Type.String({ pattern: FIELD_NAME, default: 'X-Client-Roles', description: 'Gets its roles' }),
    realm: Type.String({ pattern: '^[ !#-\\[\\]-~]*$', default: 'gateway', description: 'For WWW-Authenticate' }),
  }),

  server: (options, { counter }) => {
    const { header, query, client_header: clientHeader, roles_header: rolesHeader, realm } = options
    const find = createLookup(options.clients.map((client) => toClient(client, options.roles)))
    const openPaths = new Set(options.open_paths)
    const refused = counter('refused', { description: 'Requests without a key that suffices' })
    const unauthenticated = refusal(401, 'an API key is needed', `ApiKey realm="${realm}"`)
    const unknown = refusal(401, 'the API key is not known', `ApiKey realm="${realm}", error="invalid_key"`)
    const forbidden = refusal(403, 'the API key does not allow this', null)

    const refuse = (answer: PlainResponse) => {
      refused.add()
      return answer
    }

    return (next) => (request, context) => {
      // First of all, also where no key is needed: what a client claims about itself, and the key, go no further.
      const key = takeKey(request, header, query)
      request.headers.delete(clientHeader)
      request.headers.delete(rolesHeader)
      if (openPaths.has(request.path)) return next(request, context)

      if (key === null) return refuse(unauthenticated)
      const client = find(key)
      if (client === null) return refuse(unknown)
      if (!client.allowed) return refuse(forbidden)

      request.headers.set(clientHeader, client.name)
      if (client.roles.length > 0) request.headers.set(rolesHeader, client.roles.join(','))
      context.store.set('client', client.name)
      context.store.set('roles', client.roles)
      return next(request, context)
    }
  },
})

/** Takes the key out of the request. Two header fields are joined by `get`, and such a text is no key. */
function takeKey(request: PluginRequest, header: string, query: string | undefined): string | null {
  const fromHeader = request.headers.get(header)
  if (fromHeader !== null) request.headers.delete(header)
  if (query === undefined) return fromHeader
  const fromQuery = request.query.get(query)
  if (fromQuery !== null) request.query.delete(query)
  return fromHeader ?? fromQuery
}

function toClient(
  { name, hash: digest, roles }: { name: string; hash: string; roles: string[] },
  needed: readonly string[],
): Client {
  const allowed = needed.length === 0 || roles.some((role) => needed.includes(role))
  return { name, roles, digest: Buffer.from(digest, 'hex'), allowed }
}

/**
 * Finds the client of a key. The first bytes of the digest choose the candidates, so that many clients cost no more than
 * one; they tell nobody anything of use, for nobody can choose a key by its digest. The whole is compared in constant time.
 */
function createLookup(clients: readonly Client[]): (key: string) => Client | null {
  const byPrefix = new Map<number, Client[]>()
  for (const client of clients) {
    const prefix = client.digest.readUInt32BE(0)
    const others = byPrefix.get(prefix) ?? []
    const twin = others.find(({ digest }) => digest.equals(client.digest))
    if (twin !== undefined) throw new Error(`the clients "${twin.name}" and "${client.name}" have the same key`)
    byPrefix.set(prefix, [...others, client])
  }
  return (key) => {
    const digest = hash('sha256', key, 'buffer')
    const candidates = byPrefix.get(digest.readUInt32BE(0)) ?? []
    return candidates.find((client) => timingSafeEqual(client.digest, digest)) ?? null
  }
}

function refusal(status: number, error: string, challenge: string | null): PlainResponse {
  return { status, headers: challenge === null ? {} : { 'WWW-Authenticate': challenge }, body: { error } }
}
