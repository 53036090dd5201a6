import { randomUUID } from 'node:crypto'
import { definePlugin, HttpError, type PluginContext, type PluginRequest, Type } from 'loligo/plugin'
import { createFileSink } from './log/file-sink.ts'

const FIELD_NAME = "^[\\w!#$%&'*+.^`|~-]+$"
/** What is taken over from a client: nothing that could be taken for more than an id wherever it is shown. */
const VALID_ID = /^[\w.~-]{8,128}$/
/** What must not lie in a log whatever the options say. */
const SENSITIVE = /^(proxy-)?authorization$|cookie|token|secret|passw|credential|signature|session|api-?key/i
const MAX_PATH = 2048
const MAX_VALUE = 256

/** Gives every request an id and notes it as one line of JSON, in the gateway's log or in a file. */
export const auditLog = definePlugin({
  name: 'audit-log',
  version: '1.0.0',

  options: Type.Object({
    header: Type.String({ pattern: FIELD_NAME, default: 'X-Request-Id', description: 'The header that has the id' }),
    trust: Type.Boolean({ default: true, description: 'Whether an id that the client sends is taken over' }),
    user: Type.String({ default: 'client', description: 'Where the request store has the user, dotted' }),
    headers: Type.Array(Type.String({ pattern: FIELD_NAME }), { default: [], description: 'Request headers to note' }),
    query: Type.Array(Type.String(), { default: [], description: 'Query strings to note' }),
    skip_paths: Type.Array(Type.String({ pattern: '^/' }), {
      default: ['/__health'],
      description: 'What is not noted, with all below it',
    }),
    file: Type.Optional(Type.String({ minLength: 1, description: "Where lines go, in place of the gateway's log" })),
    flush: Type.Duration({ default: 1000, minimum: 10, maximum: 60_000, description: 'How often the file is written' }),
    max_pending: Type.Integer({
      default: 100_000,
      minimum: 1000,
      description: 'How many lines wait while the file cannot be written',
    }),
  }),

  async server(options, tools) {
    const { header, trust } = options
    const { log, now, wallTime } = tools
    const sensitive = [...options.headers, ...options.query].find((name) => SENSITIVE.test(name))
    if (sensitive !== undefined) throw new Error(`"${sensitive}" is never noted: it may hold a secret`)
    const write = await createWriter(options, tools)
    const isSkipped = belowAny(options.skip_paths)
    const userOf = storeReader(options.user)
    const pickHeaders = picker(options.headers, ({ headers }, name) => headers.get(name))
    const pickQuery = picker(options.query, ({ query }, name) => query.get(name))

    return (next) => async (request, context) => {
      const startedAt = now()
      const given = request.headers.get(header) ?? ''
      const id = trust && VALID_ID.test(given) ? given : randomUUID()
      request.headers.set(header, id)
      context.store.set('request-id', id)

      // As they came: what stands behind may change the request.
      const { method } = request
      const path = cut(request.path, MAX_PATH)
      const query = pickQuery(request)
      const headers = pickHeaders(request)
      const note = (status: number): void => {
        if (isSkipped(path)) return
        const ms = now() - startedAt
        const time = new Date(wallTime() - ms).toISOString()
        const client = context.clientAddress
        const about = { time, id, client, user: userOf(context), method, path, query, headers }
        write(JSON.stringify({ ...about, route: context.route, status, ms: Math.round(ms * 10) / 10 }))
      }

      try {
        const response = await next(request, context)
        response.headers.set(header, id)
        note(response.status)
        return response
      } catch (error) {
        note(error instanceof HttpError ? error.status : 500)
        log.debug(`${id} failed: ${String(error)}`)
        throw error
      }
    }
  },
})

async function createWriter(
  { file, flush: flushMs, max_pending: maxPending }: { file?: string; flush: number; max_pending: number },
  tools: Parameters<typeof createFileSink>[1],
): Promise<(line: string) => void> {
  if (file !== undefined) return await createFileSink({ file, flushMs, maxPending }, tools)
  const { log } = tools
  let told = false
  return (line) => {
    if (!told && !log.isEnabled('INFO')) log.warning('nothing is noted: the log leaves out the level INFO')
    told = true
    log.info(line)
  }
}

/** Whether a path is one of these or below. */
function belowAny(prefixes: readonly string[]): (path: string) => boolean {
  return (path) => prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

/** `claims.sub` is the member `sub` of what the store has under `claims`. */
function storeReader(path: string): (context: PluginContext) => string | undefined {
  const [name = '', ...keys] = path.split('.')
  return ({ store }) => {
    let value = store.get(name)
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Readonly<Record<string, unknown>>)[key]
    }
    return typeof value === 'string' || typeof value === 'number' ? cut(String(value), MAX_VALUE) : undefined
  }
}

/** Reads the named values of a request; undefined, which JSON leaves out, where none is wanted. */
function picker(
  names: readonly string[],
  read: (request: PluginRequest, name: string) => string | null,
): (request: PluginRequest) => Record<string, string> | undefined {
  if (names.length === 0) return () => undefined
  return (request) => {
    const picked: Record<string, string> = {}
    for (const name of names) {
      const value = read(request, name)
      if (value !== null) picked[name] = cut(value, MAX_VALUE)
    }
    return picked
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
