import { createHash } from 'node:crypto'
import { type BackendTools, defineFeature } from '../../config/feature.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../../config/model.ts'
import { type Static, Type } from '../../config/type.ts'
import { cellName } from '../../shared/cells.ts'
import { caching } from '../../traffic/http-cache/caching.ts'
import { openResponseStore, type ResponseStore, type StoreLimits } from '../../traffic/http-cache/response-store.ts'

const NAMESPACE = 'qos/http-cache'

/** All caches together for which no limit is configured. The reference has no limit. */
const UNLIMITED_BYTES = 64 * 1024 * 1024
const UNLIMITED_ITEMS = 65_536
/** One answer, where no `max_size` is configured. */
const UNLIMITED_ENTRY_BYTES = 8 * 1024 * 1024

const options = Type.Object({
  shared: Type.Boolean({
    description: 'Use the cache of the process, together with all backends that do; otherwise the backend has its own.',
    default: false,
  }),
  max_items: Type.Integer({
    description: 'Answers that the cache holds; the least recently used goes first. 0: 65536.',
    minimum: 0,
    default: 0,
  }),
  max_size: Type.Integer({
    description:
      'Bytes that the cache holds; an answer of so many is not stored. 0: 64 MiB, and at most 8 MiB for one answer.',
    minimum: 0,
    default: 0,
  }),
  allow_private: Type.Boolean({
    description:
      'Store `private` answers, answers with Set-Cookie and answers to requests with credentials, and give them to everybody.',
    default: false,
  }),
})
type Options = Static<typeof options>

/** `qos/http-cache`: answers backend calls out of memory. Specification: traffic-security 5. */
export const httpCache = defineFeature({
  namespace: NAMESPACE,
  options,
  transport: async (given, tools) => {
    const { endpoint, backend, clock, config, onClose } = tools
    const store = await openStore(given, tools)
    onClose(() => store.release())
    const owner = given.shared ? 'shared' : placeOf(endpoint, backend)
    return caching({
      store,
      clock,
      // What was stored with `allow_private` is not found after a reload without it.
      scope: `${given.allow_private ? `${owner}, private` : owner}${identityOf(backend)}`,
      allowPrivate: given.allow_private,
      passesOn: backend.encoding === 'no-op',
      fieldsMayChange: 'modifier/martian' in backend.extra,
      credentialFields: [...tokenFields(endpoint), ...keyFields(endpoint, config)],
      // Concurrent calls are there to race each other.
      joins: endpoint.concurrentCalls < 2,
    })
  },
})

/** The store of a backend: one with its limits, or the part of the one for all that have none. */
function openStore(given: Options, { cells, config, endpoint, backend, log }: BackendTools): Promise<ResponseStore> {
  if (!isLimited(given)) {
    const limits = { maxItems: UNLIMITED_ITEMS, maxBytes: UNLIMITED_BYTES, maxEntryBytes: UNLIMITED_ENTRY_BYTES }
    return openResponseStore(cells, cellName(NAMESPACE, 'unlimited', limits), limits)
  }
  if (!given.shared) {
    const limits = limitsOf(given)
    return openResponseStore(cells, cellName(NAMESPACE, placeOf(endpoint, backend), limits), limits)
  }
  const first = firstShared(config) ?? given
  if (first.max_items !== given.max_items || first.max_size !== given.max_size) {
    log.warning(
      `[HTTP cache] the limits of the shared cache are those of the first backend that sets some: ${describe(first)}`,
    )
  }
  const limits = limitsOf(first)
  return openResponseStore(cells, cellName(NAMESPACE, 'shared', limits), limits)
}

function isLimited({ max_items, max_size }: Options): boolean {
  return max_items > 0 || max_size > 0
}

function limitsOf({ max_items, max_size }: Options): StoreLimits {
  return {
    maxItems: max_items || UNLIMITED_ITEMS,
    maxBytes: max_size || UNLIMITED_BYTES,
    maxEntryBytes: max_size || UNLIMITED_ENTRY_BYTES,
  }
}

function describe({ max_items, max_size }: Options): string {
  return `max_items ${max_items}, max_size ${max_size}`
}

/** Its limits hold for all (specification: traffic-security 5). */
function firstShared(config: GatewayConfig): Options | undefined {
  for (const { backends } of config.endpoints) {
    for (const { extra } of backends) {
      const found = extra[NAMESPACE] as Options | undefined
      if (found?.shared && isLimited(found)) return found
    }
  }
  return undefined
}

function placeOf(endpoint: EndpointConfig, backend: BackendConfig): string {
  return `${endpoint.method} ${endpoint.path} ${backend.index}`
}

/**
 * As whom the gateway itself calls the backend: what one identity may see, places without it shall not find, nor those
 * with another one after a reload. Only a digest, for the options hold secrets.
 */
function identityOf({ extra }: BackendConfig): string {
  const own = Object.entries(extra).filter(([namespace]) => namespace.startsWith('auth/'))
  return own.length === 0 ? '' : ` as ${createHash('sha256').update(JSON.stringify(own)).digest('base64')}`
}

/** The fields by which the backend learns who the user is: the token itself, and what the validator makes of it. */
function tokenFields(endpoint: EndpointConfig): readonly string[] {
  const validator = endpoint.extra['auth/validator'] as Readonly<Record<string, unknown>> | undefined
  if (validator === undefined) return []
  const { auth_header_name: field, propagate_claims: claims } = validator
  const pairs = Array.isArray(claims) ? (claims as readonly unknown[]) : []
  return [field, ...pairs.map((pair) => (Array.isArray(pair) ? (pair[1] as unknown) : null))].flatMap((name) =>
    typeof name === 'string' && name !== '' ? [name.toLowerCase()] : [],
  )
}

/** The same for API keys: the field with the key, and the one with its role. */
function keyFields(endpoint: EndpointConfig, { extra }: GatewayConfig): readonly string[] {
  const own = endpoint.extra['auth/api-keys'] as Readonly<Record<string, unknown>> | undefined
  const service = extra['auth/api-keys'] as Readonly<Record<string, unknown>> | undefined
  if (own === undefined || service === undefined) return []
  const fields = [own.identifier, service.identifier, service.propagate_role]
  return fields.flatMap((name) => (typeof name === 'string' && name !== '' ? [name.toLowerCase()] : []))
}
