import type { ServiceTools } from '../config/feature.ts'
import { cellName } from '../shared/cells.ts'
import { openRevocationApi } from './revocation-api.ts'
import { filterBytes } from './revocation-filter.ts'
import { filterSize } from './revocation-hashes.ts'
import { createRevocations, type RevocationList, type Revocations } from './revocations.ts'
import type { RevokerOptions } from './revoker-options.ts'

const PLACE = 'extra_config."auth/revoker"'
/** All three filters together. */
const MAX_FILTER_BYTES = 1024 * 1024 * 1024

/**
 * Opens the filter of revoked values, and with `management` the API that fills it. The filter is one for all threads and
 * outlives reloads that leave its size, hash and TTL as they are.
 * @throws Error when something is missing; undefined with `--lenient`, as the reference then asks nobody
 */
export async function makeRevoker(options: RevokerOptions, tools: ServiceTools): Promise<Revocations | undefined> {
  const log = tools.logFor('Bloomfilter')
  const { hash_name: hash, port, token_keys: claims } = options
  const elements = options.N ?? options.n
  const rate = options.P ?? options.p
  const seconds = options.TTL ?? options.ttl
  const given = { N: elements, P: rate, hash_name: hash, TTL: seconds, port, token_keys: claims }
  const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (missing.length > 0 || !elements || !rate || !seconds || !hash || !claims || port === undefined) {
    const message = `${PLACE}: ${missing.join(', ')} must be there`
    if (!tools.config.lenient) throw new Error(message)
    log.warning(`${message}: no token is revoked`)
    return undefined
  }
  const size = filterSize(elements, rate)
  const bytes = filterBytes(size.bits)
  if (bytes > MAX_FILTER_BYTES) throw new Error(`${PLACE}: N and P ask for ${Math.ceil(bytes / 2 ** 20)} MB of memory`)
  const memory = await tools.cells.open(cellName('auth/revoker', '', [elements, rate, hash, seconds]), bytes)
  const list = createRevocations({ memory, size, hash, ttlMs: seconds * 1000, claims, now: tools.clock.wallTime() })
  manage(options, list, elements, port, tools)
  return list
}

/** One thread of the process serves the API: what it adds all see. */
function manage(
  options: RevokerOptions,
  list: RevocationList,
  capacity: number,
  port: number,
  tools: ServiceTools,
): void {
  const log = tools.logFor('Bloomfilter')
  const { management } = options
  if (management === undefined) {
    log.warning(
      'nothing can be revoked: the RPC of KrakenD (Go gob over TCP) is not offered; "management" opens an API in its place',
    )
    return
  }
  const { token = '', token_env: variable = '', address = '127.0.0.1' } = management
  const secret = variable === '' ? token : (process.env[variable] ?? '')
  if (secret.length < 16) {
    throw new Error(`${PLACE}.management: token, or the variable that token_env names, needs 16 characters or more`)
  }
  if (tools.thread.index !== 0) return
  const { clock } = tools
  tools.onServe(() => {
    const close = openRevocationApi({ list, capacity, port, address, token: secret, clock, log })
    tools.onClose(close)
  })
}
