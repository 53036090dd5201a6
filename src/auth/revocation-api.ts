import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isPlainObject } from '../config/plain-object.ts'
import type { Clock } from '../pipes/clock.ts'
import { secretCheck } from '../shared/secret-check.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { RevocationList } from './revocations.ts'

export interface RevocationApiOptions {
  readonly list: RevocationList
  /** How many elements the filter is made for. */
  readonly capacity: number
  readonly port: number
  readonly address: string
  readonly token: string
  readonly clock: Clock
  readonly log: Logger
}

const MAX_BODY_BYTES = 1024 * 1024
const BODY_MS = 10_000
const RETRY_MS = 1_000
/** Of an ordinary length they take some three milliseconds. */
const ELEMENTS_AT_ONCE = 200

/**
 * Opens the management API of the revocations; when the port is taken it tries again until it is free.
 * @returns closes it
 */
export function openRevocationApi(options: RevocationApiOptions): () => void {
  const { port, address, clock, log } = options
  const { createServer } = process.getBuiltinModule('node:http')
  const answer = compileApi(options)
  const server = createServer({ requestTimeout: BODY_MS, headersTimeout: BODY_MS }, (request, response) => {
    // Connections are not kept: after a reload they would hang on to the gateway before.
    response.setHeader('Connection', 'close')
    answer(request, response).catch(() => response.destroy())
  })
  let stopRetry = () => {}
  // Both gateways of a reload listen for a moment, where the system can do that; the data is the same.
  const open = (reusePort: boolean) => server.listen({ port, host: address, reusePort, exclusive: true })
  let told = false
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTSUP') return void open(false)
    if (!told) log.error(`the management API cannot listen on ${address}:${port}: ${error.message}`)
    told = true
    stopRetry = clock.schedule(() => void open(reusesPorts()), RETRY_MS)
  })
  server.on('listening', () => log.info(`the management API listens on ${address}:${portOf(server)}`))
  open(reusesPorts())
  return () => {
    stopRetry()
    server.removeAllListeners('error')
    server.close()
  }
}

function reusesPorts(): boolean {
  return process.platform === 'linux'
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What a request is answered with: the status, and data for JSON. */
type Reply = readonly [status: number, data: unknown]

function compileApi({ list, capacity, token, clock }: RevocationApiOptions) {
  const isAllowed = secretCheck(`Bearer ${token}`)
  const routes: Readonly<Record<string, (elements: readonly string[]) => Promise<unknown>>> = {
    'POST /revocations': async (elements) => {
      await forEach(elements, (element) => list.add(element, clock.wallTime()))
      return { added: elements.length }
    },
    'POST /revocations/check': async (elements) => {
      const revoked: boolean[] = []
      await forEach(elements, (element) => revoked.push(list.has(element, clock.wallTime())))
      return { revoked }
    },
  }
  const reply = async (request: IncomingMessage): Promise<Reply> => {
    if (!isAllowed(request.headers.authorization ?? '')) return [401, { error: 'wrong token' }]
    const { method = '', url = '' } = request
    if (method === 'GET' && url === '/revocations') return [200, { ...list.count(clock.wallTime()), capacity }]
    const name = `${method} ${url}`
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined
    if (route === undefined) return [404, { error: 'no such resource' }]
    const body = await bodyOf(request)
    if (body === null) return [413, { error: `a request has at most ${MAX_BODY_BYTES} bytes` }]
    const elements = elementsIn(body)
    if (elements === null)
      return [400, { error: 'send {"elements": ["CLAIM-VALUE", …]} or {"claims": {"CLAIM": "VALUE"}}' }]
    return [200, await route(elements)]
  }
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [status, data] = await reply(request)
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(data)}\n`)
  }
}

/** A few at a time: hashing all of a long list would hold up the requests that this thread serves. */
async function forEach(elements: readonly string[], visit: (element: string) => void): Promise<void> {
  for (const [index, element] of elements.entries()) {
    if (index % ELEMENTS_AT_ONCE === ELEMENTS_AT_ONCE - 1) await new Promise(setImmediate)
    visit(element)
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BODY_BYTES) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `elements` as they are, and those of `claims`, whose values are texts or lists of them. */
function elementsIn(body: string): readonly string[] | null {
  let data: unknown
  try {
    data = JSON.parse(body)
  } catch {
    return null
  }
  if (!isPlainObject(data)) return null
  const { elements = [], claims = {} } = data
  if (!Array.isArray(elements) || !isPlainObject(claims)) return null
  const ofClaims = Object.entries(claims).flatMap(([name, values]) =>
    (Array.isArray(values) ? (values as readonly unknown[]) : [values]).map((value) =>
      typeof value === 'string' ? `${name}-${value}` : null,
    ),
  )
  const all = [...(elements as readonly unknown[]), ...ofClaims]
  return all.length > 0 && all.every((element) => typeof element === 'string') ? all : null
}
