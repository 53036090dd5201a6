import { createHash } from 'node:crypto'
import type { MessagePort } from 'node:worker_threads'

/**
 * Memory that all threads share. A cell is known by its name, so that whoever opens the same name sees the same bytes,
 * which are zero at first; views (`Int32Array`, `BigInt64Array`, `Float64Array`) are laid over the buffer.
 */
export interface Cells {
  /**
   * Opens the cell of that name, or makes it.
   * @throws CellSizeMismatch when it exists with another size.
   */
  open(name: string, bytes: number): Promise<SharedArrayBuffer>
}

/** A thread and its successor disagree about the layout of a cell: a defect of the feature that named it. */
export class CellSizeMismatch extends Error {
  constructor(name: string, has: number, wanted: number) {
    super(`the shared cell "${name}" has ${has} bytes, but ${wanted} were asked for: give another layout another name`)
    this.name = 'CellSizeMismatch'
  }
}

/**
 * The name of a feature's cell at a place. It holds a hash of the options: what a reload leaves unchanged keeps its
 * name and with it its state.
 */
export function cellName(feature: string, place: string, options: unknown): string {
  const hash = createHash('sha256').update(canonicalJson(options)).digest('base64url').slice(0, 16)
  return `${feature}|${place}|${hash}`
}

/** The cells as one thread sees them. */
export interface ThreadCells extends Cells {
  /** The same for one generation of the gateway: what no generation that lives has opened is forgotten. */
  ofGeneration(generation: number): Cells
}

/** Opens a cell for good. */
const FOR_GOOD = 0

interface Cell {
  readonly memory: SharedArrayBuffer
  /** The generations of the gateway that opened it and still live; `FOR_GOOD` never goes. */
  readonly users: Set<number>
}

/** The owner of all cells: lives in the main thread, longer than any gateway. */
export class CellRegistry implements Cells {
  readonly #cells = new Map<string, Cell>()

  /** How many cells there are. */
  get size(): number {
    return this.#cells.size
  }

  /** As `open`, for the thread that owns the registry; without a generation it stays for good. */
  get(name: string, bytes: number, generation: number = FOR_GOOD): SharedArrayBuffer {
    const known = this.#cells.get(name)
    if (known === undefined) {
      const made = new SharedArrayBuffer(bytes)
      this.#cells.set(name, { memory: made, users: new Set([generation]) })
      return made
    }
    const { memory, users } = known
    if (memory.byteLength !== bytes) throw new CellSizeMismatch(name, memory.byteLength, bytes)
    users.add(generation)
    return memory
  }

  async open(name: string, bytes: number): Promise<SharedArrayBuffer> {
    return this.get(name, bytes)
  }

  /** A generation of the gateway is closed in all threads: cells that it alone has opened are forgotten. */
  release(generation: number): void {
    for (const [name, { users }] of this.#cells) {
      if (users.delete(generation) && users.size === 0) this.#cells.delete(name)
    }
  }

  /** Answers what a thread asks for through the other end of this port. */
  serve(port: MessagePort): void {
    port.on('message', (request: CellRequest) => port.postMessage(this.#answer(request)))
    port.unref()
  }

  #answer({ id, name, bytes, generation }: CellRequest): CellReply {
    try {
      return { id, cell: this.get(name, bytes, generation), error: null }
    } catch (error) {
      if (error instanceof CellSizeMismatch || error instanceof RangeError) return { id, cell: null, error }
      throw error
    }
  }
}

interface CellRequest {
  readonly id: number
  readonly name: string
  readonly bytes: number
  readonly generation: number
}

type CellReply =
  | { readonly id: number; readonly cell: SharedArrayBuffer; readonly error: null }
  | { readonly id: number; readonly cell: null; readonly error: Error }

/** A thread's view of the cells: asks their owner through a port whose other end is given to `CellRegistry.serve`. */
export function connectCells(port: MessagePort): ThreadCells {
  const waiting = new Map<number, (reply: CellReply) => void>()
  let nextId = 0
  port.on('message', (reply: CellReply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
    if (waiting.size === 0) port.unref()
  })
  port.unref()
  const ofGeneration = (generation: number): Cells => ({
    open(name, bytes) {
      const id = nextId++
      const { promise, resolve, reject } = Promise.withResolvers<SharedArrayBuffer>()
      waiting.set(id, ({ cell, error }) => (cell === null ? reject(error) : resolve(cell)))
      port.ref()
      port.postMessage({ id, name, bytes, generation } satisfies CellRequest)
      return promise
    },
  })
  return { ...ofGeneration(FOR_GOOD), ofGeneration }
}

/** JSON with sorted keys: options that say the same have the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? sortKeys(part) : part)) ?? ''
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sortKeys(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
