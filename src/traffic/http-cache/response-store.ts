import { randomInt } from 'node:crypto'
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Cells } from '../../shared/cells.ts'
import { KeptResponse } from './kept-response.ts'
import type { StoredResponse } from './stored-response.ts'

export interface StoreLimits {
  readonly maxItems: number
  /** Of all answers together. */
  readonly maxBytes: number
  /** An answer of so many bytes, or more, is not stored. */
  readonly maxEntryBytes: number
}

/**
 * A cache of the whole process: every thread has a map of it, the bodies are shared. What a thread stores it announces
 * to the others, who take it in before they next look something up; so there is nobody to ask, and nothing to wait for.
 */
export interface ResponseStore {
  readonly limits: StoreLimits
  /** Finds an answer and notes its use. */
  find(key: string): KeptResponse | undefined
  /** Stores an answer in place of what was there. */
  put(key: string, stored: StoredResponse): KeptResponse
  remove(key: string): void
  /** Gives the store back; the last one to do so in a thread ends it there. */
  release(): void
}

type Announcement =
  | {
      readonly type: 'put'
      readonly key: string
      readonly stamp: number
      readonly stored: StoredResponse
      readonly evicted: readonly Removal[]
    }
  | { readonly type: 'remove'; readonly removed: readonly Removal[] }
  /** A thread is new; one of the others tells it what there is. */
  | { readonly type: 'join'; readonly ticket: number }
  | { readonly type: 'known'; readonly ticket: number; readonly entries: readonly Entry[] }

type Removal = readonly [key: string, stamp: number]
type Entry = readonly [key: string, stamp: number, stored: StoredResponse]

// The cell: words, then the places where it is noted when an answer was last used.
const ANNOUNCED = 0
const USES = 1
const STAMP = 2
const TICKET = 3
const NAME = 4
const HEAD_WORDS = 16
const MIN_PLACES = 64
const MAX_PLACES = 65_536
/** So many of the longest unused are compared for an eviction. */
const COMPARED = 32
/** So many answers are told to a new thread at once, in order not to hold up requests. */
const TOLD_AT_ONCE = 100

/** The stores of this thread by the name of their channel: two generations of the gateway share one. */
const stores = new Map<string, Replica>()

/** Opens the store in the cell of that name. */
export async function openResponseStore(cells: Cells, name: string, limits: StoreLimits): Promise<ResponseStore> {
  const places = placesFor(limits.maxItems)
  const words = new Int32Array(await cells.open(name, (HEAD_WORDS + places) * Int32Array.BYTES_PER_ELEMENT))
  const channel = channelName(words)
  let replica = stores.get(channel)
  if (replica === undefined) {
    replica = new Replica(words, channel, limits)
    stores.set(channel, replica)
  }
  replica.users++
  return replica
}

function placesFor(maxItems: number): number {
  let places = MIN_PLACES
  while (places < maxItems * 2 && places < MAX_PLACES) places *= 2
  return places
}

/** A name that no other cache of the process has, chosen by whichever thread comes first. */
function channelName(words: Int32Array): string {
  for (const word of [NAME, NAME + 1]) Atomics.compareExchange(words, word, 0, randomInt(1, 2 ** 31))
  return `loligo http cache ${Atomics.load(words, NAME)} ${Atomics.load(words, NAME + 1)}`
}

class Replica implements ResponseStore {
  readonly limits: StoreLimits
  users = 0
  readonly #words: Int32Array
  readonly #name: string
  readonly #channel: BroadcastChannel
  /** About in the order of their last use, the longest unused first. */
  readonly #kept = new Map<string, KeptResponse>()
  #bytes = 0
  #taken = 0
  #ticket = 0

  constructor(words: Int32Array, name: string, limits: StoreLimits) {
    this.limits = limits
    this.#words = words
    this.#name = name
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = (event) => this.#take((event as unknown as { readonly data: Announcement }).data)
    this.#channel.unref()
    this.#join()
  }

  find(key: string): KeptResponse | undefined {
    if (Atomics.load(this.#words, ANNOUNCED) !== this.#taken) this.#takeAll()
    const kept = this.#kept.get(key)
    if (kept !== undefined) this.#words[kept.place] = Atomics.add(this.#words, USES, 1)
    return kept
  }

  put(key: string, stored: StoredResponse): KeptResponse {
    this.#takeAll()
    const stamp = Atomics.add(this.#words, STAMP, 1)
    const kept = this.#keep(key, stamp, stored)
    const used = Atomics.add(this.#words, USES, 1)
    this.#words[kept.place] = used
    kept.lastSeen = used
    this.#announce({ type: 'put', key, stamp, stored, evicted: this.#evict() })
    return kept
  }

  remove(key: string): void {
    this.#takeAll()
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    this.#drop(kept)
    this.#announce({ type: 'remove', removed: [[key, kept.stamp]] })
  }

  release(): void {
    if (--this.users > 0) return
    stores.delete(this.#name)
    this.#channel.close()
    this.#kept.clear()
  }

  /** The message is in the queues of the others when the count grows, so who sees the count finds the message. */
  #announce(announcement: Announcement): void {
    this.#channel.postMessage(announcement)
    Atomics.add(this.#words, ANNOUNCED, 1)
  }

  /** Takes in what others have announced until now. */
  #takeAll(): void {
    const announced = Atomics.load(this.#words, ANNOUNCED)
    if (announced === this.#taken) return
    const port = this.#channel as unknown as MessagePort
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.#take((next as { readonly message: Announcement }).message)
    }
    this.#taken = announced
  }

  #take(announcement: Announcement): void {
    switch (announcement.type) {
      case 'put':
        this.#keep(announcement.key, announcement.stamp, announcement.stored)
        this.#dropAll(announcement.evicted)
        break
      case 'remove':
        this.#dropAll(announcement.removed)
        break
      case 'join':
        if (this.#kept.size === 0) break
        if (Atomics.compareExchange(this.#words, TICKET, announcement.ticket, 0) !== announcement.ticket) break
        this.#tell(announcement.ticket, [...this.#kept.values()])
        break
      case 'known':
        if (announcement.ticket !== this.#ticket) break
        for (const [key, stamp, stored] of announcement.entries) this.#keep(key, stamp, stored)
        this.#evict()
    }
  }

  #join(): void {
    this.#ticket = randomInt(1, 2 ** 31)
    Atomics.store(this.#words, TICKET, this.#ticket)
    this.#announce({ type: 'join', ticket: this.#ticket })
  }

  #tell(ticket: number, all: readonly KeptResponse[]): void {
    if (this.users === 0 || all.length === 0) return
    const entries = all.slice(0, TOLD_AT_ONCE).map(({ key, stamp, stored }): Entry => [key, stamp, stored])
    this.#announce({ type: 'known', ticket, entries })
    setImmediate(() => this.#tell(ticket, all.slice(TOLD_AT_ONCE)))
  }

  /** Keeps the answer, unless there is a later one. */
  #keep(key: string, stamp: number, stored: StoredResponse): KeptResponse {
    const earlier = this.#kept.get(key)
    if (earlier !== undefined) {
      if (((stamp - earlier.stamp) | 0) <= 0) return earlier
      this.#drop(earlier)
    }
    const place = HEAD_WORDS + (stamp & (this.#words.length - HEAD_WORDS - 1))
    const kept = new KeptResponse(key, stored, stamp, place, this.#words[place] ?? 0)
    this.#kept.set(key, kept)
    this.#bytes += kept.size
    return kept
  }

  #dropAll(removals: readonly Removal[]): void {
    for (const [key, stamp] of removals) {
      const kept = this.#kept.get(key)
      if (kept?.stamp === stamp) this.#drop(kept)
    }
  }

  #drop(kept: KeptResponse): void {
    if (this.#kept.delete(kept.key)) this.#bytes -= kept.size
  }

  /** Makes room. The thread that stores decides what goes, for all. */
  #evict(): readonly Removal[] {
    const { maxItems, maxBytes } = this.limits
    const evicted: Removal[] = []
    while (this.#kept.size > maxItems || this.#bytes > maxBytes) {
      const longest = this.#longestUnused()
      if (longest === undefined) break
      this.#drop(longest)
      evicted.push([longest.key, longest.stamp])
    }
    return evicted
  }

  /** Compares the first of the map; those that have been used since they were put there go to its end. */
  #longestUnused(): KeptResponse | undefined {
    const uses = Atomics.load(this.#words, USES)
    const compared = this.#kept.values().take(COMPARED).toArray()
    let longest: KeptResponse | undefined
    let longestAge = -1
    for (const kept of compared) {
      const used = this.#words[kept.place] ?? 0
      const age = (uses - used) >>> 0
      if (age > longestAge) {
        longest = kept
        longestAge = age
      }
      if (used === kept.lastSeen) continue
      kept.lastSeen = used
      this.#kept.delete(kept.key)
      this.#kept.set(kept.key, kept)
    }
    return longest
  }
}
