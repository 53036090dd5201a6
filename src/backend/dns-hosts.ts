import { Resolver, type SrvRecord } from 'node:dns'
import type { BackendConfig } from '../config/model.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type Hosts, rotate } from './hosts.ts'

const FIRST_LOOKUP_MS = 2_000
const MIN_TTL_MS = 1_000
const DEFAULT_TTL_MS = 30_000
const MAX_SHARES = 1_000

/** Looks a name's SRV records up. */
export type SrvLookup = (name: string) => Promise<readonly SrvRecord[]>

/**
 * The hosts behind the SRV records of the first `host` entry (RFC 2782), looked up at start and then every
 * `dns_cache_ttl` in the background. A refresh that fails keeps the list of before; with an empty one each call fails.
 * Specification: core 4.3.
 */
export async function dnsHosts(
  backend: BackendConfig,
  ttlMs: number,
  log: Logger,
  lookup: SrvLookup = lookupSrv,
): Promise<Hosts> {
  const name = (backend.hosts[0] ?? '').replace(/^[a-z]+:\/\//i, '')
  let hosts = rotate([])
  let known = ''
  const refresh = async () => {
    try {
      const list = hostsOf(await lookup(name), backend.sdScheme)
      if (list.join() === known) return
      known = list.join()
      hosts = rotate(list)
      log.info(`DNS SRV ${name}: ${list.length === 0 ? 'no hosts' : [...new Set(list)].join(', ')}`)
    } catch (error) {
      log.error(
        `DNS SRV ${name}: ${(error as Error).message}; ${known === '' ? 'no hosts available' : 'the last list stays'}`,
      )
    }
  }
  const timer = setInterval(() => void refresh(), ttlMs >= MIN_TTL_MS ? ttlMs : DEFAULT_TTL_MS)
  timer.unref()
  let limit: NodeJS.Timeout | undefined
  await Promise.race([
    refresh(),
    new Promise<void>((resolve) => {
      limit = setTimeout(resolve, FIRST_LOOKUP_MS)
    }),
  ])
  clearTimeout(limit)
  return { next: () => hosts.next(), close: () => clearInterval(timer) }
}

/** Only the lowest priority counts; weights become shares, divided by their common divisor; weight 0 gets nothing. */
export function hostsOf(records: readonly SrvRecord[], scheme: string): string[] {
  if (records.length === 0) return []
  const lowest = Math.min(...records.map((record) => record.priority))
  const chosen = records.filter((record) => record.priority === lowest)
  const url = (record: SrvRecord) => `${scheme}://${record.name}:${record.port}`
  const total = chosen.reduce((sum, record) => sum + record.weight, 0)
  if (total === 0) return chosen.map(url)
  const divisor = chosen.reduce((common, record) => greatestCommonDivisor(common, record.weight), 0)
  const scale = Math.max(1, total / divisor / MAX_SHARES)
  const shares = (record: SrvRecord) =>
    record.weight === 0 ? 0 : Math.max(1, Math.round(record.weight / divisor / scale))
  return interleave(chosen.map((record) => ({ url: url(record), shares: shares(record) })))
}

/** Spreads each host's shares over the whole turn, so that a heavy one is not called in a row. */
function interleave(entries: readonly { url: string; shares: number }[]): string[] {
  const slots = entries.flatMap(({ url, shares }) =>
    Array.from({ length: shares }, (_, i) => ({ url, at: (i + 0.5) / shares })),
  )
  return slots.sort((a, b) => a.at - b.at).map((slot) => slot.url)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

const resolver = new Resolver()

function lookupSrv(name: string): Promise<readonly SrvRecord[]> {
  return new Promise((resolve, reject) => {
    resolver.resolveSrv(name, (error, records) => (error ? reject(error) : resolve(records)))
  })
}
