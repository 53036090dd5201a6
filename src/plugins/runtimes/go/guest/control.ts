import { ByteRing } from '../../../../shared/byte-ring.ts'
import { FrameWriter, HEADER_BYTES } from '../frames.ts'
import { flushKept, type LinkMemory, writeOrKeep } from '../link.ts'
import { type Descriptor, FILE_TYPE } from '../wasi/descriptor.ts'
import { ERRNO, WasiError } from '../wasi/errno.ts'

/** The descriptor from which the guest reads frames; as in `go/bridge/host.go`. */
export const CONTROL_FD = 63

interface Connection {
  readonly fromHost: ByteRing
  readonly toHost: ByteRing
  /** What had no room in `toHost` yet. */
  readonly kept: Buffer[]
  readonly flush: () => void
  /** Bytes of a frame of which the rest has not come: no other connection's may come in between. */
  open: number
}

/**
 * Joins the connections of all gateway threads to the one stream of frames that the guest reads, and sends its frames
 * where they belong. Connection 0 is this thread itself.
 */
export class Control implements Descriptor {
  readonly type = FILE_TYPE.socketStream
  readonly #connections = new Map<number, Connection>()
  /** In turn, so that nobody is left out. */
  #order: Connection[] = []
  #turn = 0
  /** Frames of this thread for the guest. */
  #own: Buffer[] = []
  readonly #onBell: () => void
  readonly #onOwnFrame: (kind: number, flags: number, payload: Buffer) => void
  readonly #writer = new FrameWriter()
  /** The connection of which a part of a frame has been read. */
  #amid: Connection | null = null
  readonly #header = Buffer.alloc(HEADER_BYTES)

  /**
   * @param onBell a connection has something to read
   * @param onOwnFrame takes what the guest sends to this thread
   */
  constructor(onBell: () => void, onOwnFrame: (kind: number, flags: number, payload: Buffer) => void) {
    this.#onBell = onBell
    this.#onOwnFrame = onOwnFrame
  }

  connect({ connection, toGuest, toHost }: LinkMemory): void {
    const ring = new ByteRing(toHost)
    const kept: Buffer[] = []
    const flush = (): void => flushKept(ring, kept, flush)
    const opened: Connection = { fromHost: new ByteRing(toGuest), toHost: ring, kept, flush, open: 0 }
    this.#connections.set(connection, opened)
    this.#order.push(opened)
    this.#onBell()
  }

  disconnect(connection: number): void {
    const closed = this.#connections.get(connection)
    if (closed === undefined) return
    this.#connections.delete(connection)
    this.#order = this.#order.filter((other) => other !== closed)
    closed.fromHost.close()
    closed.toHost.close()
  }

  /** Sends a frame of this thread to the guest. */
  tell(kind: number, payload: string): void {
    this.#own.push(Buffer.from(this.#writer.begin(kind, 0, 0, 0, 0).bytes(Buffer.from(payload)).end()))
    this.#onBell()
  }

  /** Lets the connections wake this thread: before the guest waits. */
  arm(): void {
    for (const { fromHost } of this.#order) fromHost.wakeReader(this.#onBell)
  }

  canRead(): boolean {
    if (this.#own.length > 0 && this.#amid === null) return true
    if (this.#amid !== null) return this.#amid.fromHost.readable > 0
    return this.#order.some(({ fromHost }) => fromHost.readable > 0)
  }

  canWrite(): boolean {
    return true
  }

  read(target: Uint8Array): number {
    let at = 0
    if (this.#amid === null) at = this.#readOwn(target)
    const count = this.#order.length
    for (let i = 0; i < count && at < target.length; i++) {
      if (this.#amid !== null) {
        at += this.#readFrom(this.#amid, target.subarray(at))
        if (this.#amid !== null) break
        continue
      }
      this.#turn = (this.#turn + 1) % count
      at += this.#readFrom(this.#order[this.#turn] as Connection, target.subarray(at))
    }
    if (at === 0) throw new WasiError(ERRNO.again)
    return at
  }

  #readOwn(target: Uint8Array): number {
    let at = 0
    for (;;) {
      const frame = this.#own[0]
      if (frame === undefined || at === target.length) return at
      const length = Math.min(frame.length, target.length - at)
      target.set(frame.subarray(0, length), at)
      at += length
      if (length === frame.length) this.#own.shift()
      else {
        this.#own[0] = frame.subarray(length)
        return at
      }
    }
  }

  /** Reads what is there, and notes whether it ends amid a frame. */
  #readFrom(connection: Connection, target: Uint8Array): number {
    const length = connection.fromHost.read(target)
    let at = 0
    while (at < length) {
      if (connection.open < 0) {
        // Amid a header, of which as much as is missing comes now.
        const missing = Math.min(-connection.open, length - at)
        this.#header.set(target.subarray(at, at + missing), HEADER_BYTES + connection.open)
        connection.open += missing
        at += missing
        if (connection.open === 0) connection.open = this.#header.readUInt32LE(0) - HEADER_BYTES
      } else if (connection.open > 0) {
        const taken = Math.min(connection.open, length - at)
        connection.open -= taken
        at += taken
      } else connection.open = -HEADER_BYTES
    }
    this.#amid = connection.open === 0 ? null : connection
    return length
  }

  /**
   * Takes a frame of the guest.
   * @throws Error for one that does not hold what it says: code in the guest has damaged it
   */
  send(frame: Buffer): void {
    if (frame.length < HEADER_BYTES || frame.readUInt32LE(0) !== frame.length) throw new Error('it sent a broken frame')
    const number = frame.readUInt16LE(6)
    if (number === 0) {
      this.#onOwnFrame(frame[4] as number, frame[5] as number, frame.subarray(HEADER_BYTES))
      return
    }
    const connection = this.#connections.get(number)
    if (connection !== undefined) writeOrKeep(connection.toHost, frame, connection.kept, connection.flush)
  }

  close(): void {
    for (const connection of [...this.#connections.keys()]) this.disconnect(connection)
  }
}
