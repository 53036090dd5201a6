import { lookup, Resolver } from 'node:dns'

/** What is looked up, as guests number it. */
export const LOOKUP = {
  ips: 0,
  ipv4s: 1,
  ipv6s: 2,
  cname: 3,
  ptr: 4,
  srv: 5,
  mx: 6,
  ns: 7,
  txt: 8,
} as const

export type LookupKind = (typeof LOOKUP)[keyof typeof LOOKUP]

const FAMILIES = { [LOOKUP.ips]: 0, [LOOKUP.ipv4s]: 4, [LOOKUP.ipv6s]: 6 } as const

/** What guests are told; other errors are told with their messages. */
const FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'not found',
  ENODATA: 'not found',
  EAI_NODATA: 'not found',
  EAI_NONAME: 'not found',
  ETIMEOUT: 'timeout',
  EAI_AGAIN: 'temporary',
  ESERVFAIL: 'temporary',
  EREFUSED: 'temporary',
  ECONNREFUSED: 'temporary',
}

/** Longest chain of names that stand for each other. */
const MAX_ALIASES = 8

/** A question that is on its way. */
export interface Question {
  readonly fields: Promise<readonly string[]>
  cancel(): void
}

/**
 * Asks the resolver of the host.
 * @param found told the addresses before anyone else
 */
export function lookUp(kind: LookupKind, name: string, found: (addresses: readonly string[]) => void): Question {
  // The resolver of the system cannot be told to stop.
  if (isForAddresses(kind)) return { fields: addresses(kind, name, found), cancel: () => {} }
  const resolver = new Resolver({ timeout: 5000, tries: 2 })
  return { fields: ask(resolver, kind, name), cancel: () => resolver.cancel() }
}

function isForAddresses(kind: LookupKind): kind is keyof typeof FAMILIES {
  return kind in FAMILIES
}

function ask(
  resolver: Resolver,
  kind: Exclude<LookupKind, keyof typeof FAMILIES>,
  name: string,
): Promise<readonly string[]> {
  switch (kind) {
    case LOOKUP.cname:
      return canonical(resolver, name)
    case LOOKUP.ptr:
      return answer((done) => resolver.reverse(name, done))
    case LOOKUP.srv:
      return answer<SrvRecord[]>((done) => resolver.resolveSrv(name, done)).then((records) =>
        records.flatMap((r) => [r.name, `${r.port}`, `${r.priority}`, `${r.weight}`]),
      )
    case LOOKUP.mx:
      return answer<MxRecord[]>((done) => resolver.resolveMx(name, done)).then((records) =>
        records.flatMap((r) => [r.exchange, `${r.priority}`]),
      )
    case LOOKUP.ns:
      return answer((done) => resolver.resolveNs(name, done))
    case LOOKUP.txt:
      return answer<string[][]>((done) => resolver.resolveTxt(name, done)).then((texts) =>
        texts.map((parts) => parts.join('')),
      )
  }
}

/** The name at the end of the chain, if it has an address. */
async function canonical(resolver: Resolver, name: string): Promise<readonly string[]> {
  let last = name
  for (let i = 0; i < MAX_ALIASES; i++) {
    let next: readonly string[]
    try {
      next = await answer((done) => resolver.resolveCname(last, done))
    } catch (error) {
      if (i === 0) await addresses(LOOKUP.ips, name, () => {})
      else if (!(error instanceof Error && failureOf(error) === 'not found')) throw error
      break
    }
    if (next[0] === undefined) break
    last = next[0]
  }
  return [last]
}

interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

interface MxRecord {
  readonly exchange: string
  readonly priority: number
}

function addresses(
  kind: keyof typeof FAMILIES,
  name: string,
  found: (addresses: readonly string[]) => void,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, family: FAMILIES[kind], order: 'verbatim' }, (error, entries) => {
      if (error !== null) {
        reject(error)
        return
      }
      const list = entries.map(({ address }) => address)
      found(list)
      resolve(list)
    })
  })
}

function answer<T = readonly string[]>(ask: (done: (error: Error | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    ask((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}

/** What guests are told about an error of the resolver. */
export function failureOf(error: Error): string {
  return ('code' in error ? FAILURES[String(error.code)] : undefined) ?? error.message
}
