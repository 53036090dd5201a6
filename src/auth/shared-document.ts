import { randomInt } from 'node:crypto'
import type { Clock } from '../pipes/clock.ts'
import type { Cells } from '../shared/cells.ts'
import { hashKey } from '../shared/key-hash.ts'

/** Larger key sets are refused: they have some kilobytes. */
export const MAX_DOCUMENT_BYTES = 256 * 1024

/** A document that one thread downloads for all threads of the process. */
export interface SharedDocument {
  /** Changes with each download, failed ones too. */
  version(): number
  /** When the document was downloaded, milliseconds since 1970; 0 when there is none. */
  fetchedAt(): number
  /** Whether the last download succeeded. */
  readonly upToDate: boolean
  /** The text; null when there is none, or while it is being replaced. */
  read(): string | null
  /**
   * Downloads it, or waits for the thread that does. Does nothing while it waits after failed attempts. Never rejects:
   * `onFailure` is told by the thread that tried.
   * @param known the version that is not enough: when there is another one by now, nothing is done
   */
  refresh(known?: number): Promise<void>
  /** Notes that an identity is not in the document, so that `isUnknown` says so until then. */
  noteUnknown(id: string, until: number): void
  isUnknown(id: string, now: number): boolean
  /** Whether one more download may be made for an identity that is not known: a few at once, then one every few seconds. */
  mayLookUp(now: number): boolean
}

// The cell: words, times (from byte 64), the table of unknown identities, the document.
const VERSION = 1
const LENGTH = 2
const OUTCOME = 3
const FAILURES = 4
const SEED = 5
/** Odd while the document is being written. */
export const WRITING = 7
const TIMES_AT = 64
const LOCK = 0
const FETCHED_AT = 1
const RETRY_AT = 2
const LOOK_UPS_SPENT_UNTIL = 3
const UNKNOWN_AT = 128
const UNKNOWN_SLOTS = 256
const UNKNOWN_SLOT_BYTES = 16
/** Where the document is in the cell. */
export const TEXT_AT = UNKNOWN_AT + UNKNOWN_SLOTS * UNKNOWN_SLOT_BYTES

const SUCCEEDED = 1
const FAILED = 2

/** How long a thread may take for a download before another takes over: longer than the download's own limit. */
const LOCK_MS = 10_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000
/** A look-up of an unknown identity is had back after this time; so many can be saved up. */
const LOOK_UP_MS = 3_000
const LOOK_UPS_AT_ONCE = 10

export interface DocumentOptions {
  /** Of the cell: what names the document and how it is fetched. */
  readonly name: string
  readonly cells: Cells
  readonly clock: Clock
  readonly download: () => Promise<Buffer>
  readonly onFailure: (error: Error) => void
}

/** Opens the document of that name, with what other threads, or the generation before, have downloaded. */
export async function openSharedDocument(options: DocumentOptions): Promise<SharedDocument> {
  const { name, cells, clock, download, onFailure } = options
  const memory = await cells.open(name, TEXT_AT + MAX_DOCUMENT_BYTES)
  const words = new Int32Array(memory, 0, TIMES_AT / 4)
  const locks = new BigInt64Array(memory, TIMES_AT, 1)
  const times = new Float64Array(memory, TIMES_AT, (UNKNOWN_AT - TIMES_AT) / 8)
  const text = new Uint8Array(memory, TEXT_AT)
  const unknown = openUnknown(memory, words)
  let pending: Promise<void> | null = null

  async function fetchUnder(lock: bigint): Promise<void> {
    try {
      const bytes = await download()
      if (Atomics.load(locks, LOCK) !== lock) return // too late: another thread has taken over
      // Odd while it is written, whatever a thread has left that was ended here.
      const writing = Atomics.load(words, WRITING) | 1
      Atomics.store(words, WRITING, writing)
      text.set(bytes)
      Atomics.store(words, LENGTH, bytes.length)
      Atomics.store(words, WRITING, writing + 1)
      times[FETCHED_AT] = clock.wallTime()
      Atomics.store(words, FAILURES, 0)
      Atomics.store(words, OUTCOME, SUCCEEDED)
    } catch (error) {
      const failures = Atomics.add(words, FAILURES, 1)
      times[RETRY_AT] = clock.wallTime() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10))
      Atomics.store(words, OUTCOME, FAILED)
      onFailure(error as Error)
    }
    Atomics.add(words, VERSION, 1)
    Atomics.compareExchange(locks, LOCK, lock, 0n)
    Atomics.notify(words, VERSION)
  }

  async function refresh(known: number): Promise<void> {
    const now = clock.wallTime()
    const held = Atomics.load(locks, LOCK)
    if (endOfLock(held) < now) {
      if (Atomics.load(words, OUTCOME) === FAILED && (times[RETRY_AT] as number) > now) return
      const lock = lockUntil(now + LOCK_MS)
      if (Atomics.compareExchange(locks, LOCK, held, lock) === held) {
        if (Atomics.load(words, VERSION) === known) return fetchUnder(lock)
        Atomics.compareExchange(locks, LOCK, lock, 0n) // another thread was quicker
        return
      }
    }
    const waiting = Atomics.waitAsync(words, VERSION, known, LOCK_MS)
    if (waiting.async) await waiting.value
  }

  return {
    version: () => Atomics.load(words, VERSION),
    fetchedAt: () => times[FETCHED_AT] as number,
    get upToDate() {
      return Atomics.load(words, OUTCOME) === SUCCEEDED
    },
    read() {
      const writing = Atomics.load(words, WRITING)
      const bytes = Buffer.from(text.slice(0, Atomics.load(words, LENGTH)))
      if (writing % 2 === 1 || Atomics.load(words, WRITING) !== writing) return null
      return bytes.length === 0 ? null : bytes.toString('utf8')
    },
    refresh(known = Atomics.load(words, VERSION)) {
      pending ??= refresh(known).finally(() => {
        pending = null
      })
      return pending
    },
    ...unknown,
    mayLookUp(now) {
      const spentUntil = Math.max(times[LOOK_UPS_SPENT_UNTIL] as number, now)
      if (spentUntil + LOOK_UP_MS > now + LOOK_UPS_AT_ONCE * LOOK_UP_MS) return false
      times[LOOK_UPS_SPENT_UNTIL] = spentUntil + LOOK_UP_MS
      return true
    },
  }
}

// A lock is one word, so that it is taken together with its end: the moment, and who took it in the lowest bits.

const OWNER_BITS = 16

function lockUntil(moment: number): bigint {
  return (BigInt(Math.trunc(moment)) << BigInt(OWNER_BITS)) | BigInt(randomInt(2 ** OWNER_BITS))
}

function endOfLock(lock: bigint): number {
  return Number(lock >> BigInt(OWNER_BITS))
}

/** The table of unknown identities: a new one may take the place of another, which then costs one more download. */
function openUnknown(memory: SharedArrayBuffer, words: Int32Array): Pick<SharedDocument, 'noteUnknown' | 'isUnknown'> {
  // A seed that nobody outside knows: who could choose identities that share a slot could keep a real one unknown.
  Atomics.compareExchange(words, SEED, 0, randomInt(1, 2 ** 31 - 1))
  Atomics.compareExchange(words, SEED + 1, 0, randomInt(1, 2 ** 31 - 1))
  const seed = { first: Atomics.load(words, SEED), second: Atomics.load(words, SEED + 1) }
  const hashes = new Int32Array(memory, UNKNOWN_AT, (UNKNOWN_SLOTS * UNKNOWN_SLOT_BYTES) / 4)
  const untils = new Float64Array(memory, UNKNOWN_AT, (UNKNOWN_SLOTS * UNKNOWN_SLOT_BYTES) / 8)
  const hash = new Int32Array(2)
  const slotOf = (id: string): number => {
    hashKey(id, seed, hash)
    return (hash[0] as number) & (UNKNOWN_SLOTS - 1)
  }
  return {
    noteUnknown(id, until) {
      const slot = slotOf(id)
      hashes[slot * 4] = hash[0] as number
      hashes[slot * 4 + 1] = hash[1] as number
      untils[slot * 2 + 1] = until
    },
    isUnknown(id, now) {
      const slot = slotOf(id)
      const same = hashes[slot * 4] === hash[0] && hashes[slot * 4 + 1] === hash[1]
      return same && (untils[slot * 2 + 1] as number) > now
    },
  }
}
