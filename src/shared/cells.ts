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

/** The owner of all cells: lives in the main thread, longer than any gateway. */
export class CellRegistry implements Cells {
  readonly #cells = new Map<string, SharedArrayBuffer>()

  /** As `open`, for the thread that owns the registry. */
  get(name: string, bytes: number): SharedArrayBuffer {
    const known = this.#cells.get(name)
    if (known === undefined) {
      const made = new SharedArrayBuffer(bytes)
      this.#cells.set(name, made)
      return made
    }
    if (known.byteLength !== bytes) throw new CellSizeMismatch(name, known.byteLength, bytes)
    return known
  }

  async open(name: string, bytes: number): Promise<SharedArrayBuffer> {
    return this.get(name, bytes)
  }

  /** Answers what a thread asks for through the other end of this port. */
  serve(port: MessagePort): void {
    port.on('message', ({ id, name, bytes }: CellRequest) => {
      port.postMessage(this.#answer(id, name, bytes))
    })
    port.unref()
  }

  #answer(id: number, name: string, bytes: number): CellReply {
    try {
      return { id, cell: this.get(name, bytes), error: null }
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
}

type CellReply =
  | { readonly id: number; readonly cell: SharedArrayBuffer; readonly error: null }
  | { readonly id: number; readonly cell: null; readonly error: Error }

/** A thread's view of the cells: asks their owner through a port whose other end is given to `CellRegistry.serve`. */
export function connectCells(port: MessagePort): Cells {
  const waiting = new Map<number, (reply: CellReply) => void>()
  let nextId = 0
  port.on('message', (reply: CellReply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
    if (waiting.size === 0) port.unref()
  })
  port.unref()
  return {
    open(name, bytes) {
      const id = nextId++
      const { promise, resolve, reject } = Promise.withResolvers<SharedArrayBuffer>()
      waiting.set(id, ({ cell, error }) => (cell === null ? reject(error) : resolve(cell)))
      port.ref()
      port.postMessage({ id, name, bytes } satisfies CellRequest)
      return promise
    },
  }
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
