import { type BigIntStats, closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { type Descriptor, FILE_TYPE, type FileType } from './descriptor.ts'
import { ERRNO, WasiError } from './errno.ts'
import { attempt } from './node-errno.ts'
import { fileTypeOf } from './stat.ts'

/** From where an offset is counted. */
export const WHENCE = { start: 0, current: 1, end: 2 } as const

/** How long a guest waits for a pipe or a device before it looks again, in milliseconds. */
const LOOK_AGAIN_MS = 10

export interface OpenFile {
  /** The descriptor of the system, which is the file's own from now on. */
  readonly fd: number
  readonly stats: BigIntStats
  /** WASI's flags that it was opened with. */
  readonly flags: number
  /** Whether the guest may change it, times included. */
  readonly mayChange: boolean
  /** Called when a guest that waits for it may look again. */
  readonly wake: () => void
  readonly closed: () => void
}

/**
 * A file that a guest has open. Node cannot set the place in a file that the next read begins at, so it is kept here; for
 * pipes and devices, which have none, the system's own calls without a place are used.
 */
export class FileDescriptor implements Descriptor {
  readonly type: FileType
  readonly fd: number
  readonly mayChange: boolean
  flags: number
  readonly #seekable: boolean
  readonly #file: OpenFile
  #place = 0
  #timer: NodeJS.Timeout | null = null

  constructor(file: OpenFile) {
    this.#file = file
    this.fd = file.fd
    this.flags = file.flags
    this.mayChange = file.mayChange
    this.type = fileTypeOf(file.stats)
    this.#seekable = this.type === FILE_TYPE.regularFile || this.type === FILE_TYPE.blockDevice
  }

  read(target: Uint8Array): number {
    const count = this.#attempt(() => readSync(this.fd, target, 0, target.length, this.#seekable ? this.#place : null))
    this.#place += count
    return count
  }

  write(source: Uint8Array): number {
    const place = this.#seekable && !this.appends ? this.#place : null
    const count = this.#attempt(() => writeSync(this.fd, source, 0, source.length, place))
    // What is appended goes behind everything, and the next read begins there.
    if (this.#seekable && this.appends) this.#place = Number(fstatSync(this.fd).size)
    else this.#place += count
    return count
  }

  readAt(target: Uint8Array, place: number): number {
    this.#mustSeek()
    return attempt(() => readSync(this.fd, target, 0, target.length, place))
  }

  writeAt(source: Uint8Array, place: number): number {
    this.#mustSeek()
    return attempt(() => writeSync(this.fd, source, 0, source.length, place))
  }

  /** @returns the new place */
  seek(offset: bigint, whence: number): number {
    // Devices such as /dev/null take any offset and stay where they are.
    if (this.type === FILE_TYPE.characterDevice) return 0
    this.#mustSeek()
    const place = Number(BigInt(this.#base(whence)) + offset)
    if (place < 0) throw new WasiError(ERRNO.inval)
    if (!Number.isSafeInteger(place)) throw new WasiError(ERRNO.overflow)
    this.#place = place
    return place
  }

  get appends(): boolean {
    return (this.#file.flags & 1) !== 0
  }

  canRead(): boolean {
    return this.#timer === null
  }

  canWrite(): boolean {
    return this.#timer === null
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#file.closed()
    attempt(() => closeSync(this.fd))
  }

  #base(whence: number): number {
    if (whence === WHENCE.start) return 0
    if (whence === WHENCE.current) return this.#place
    if (whence !== WHENCE.end) throw new WasiError(ERRNO.inval)
    return attempt(() => fstatSync(this.fd).size)
  }

  #mustSeek(): void {
    const devices = this.type === FILE_TYPE.characterDevice
    if (!this.#seekable && !devices) throw new WasiError(ERRNO.sPipe)
  }

  /** Nothing tells when a pipe or a device has something, so who met `again` looks again after a while. */
  #attempt(move: () => number): number {
    try {
      return attempt(move)
    } catch (error) {
      if (error instanceof WasiError && error.errno === ERRNO.again && this.#timer === null) {
        this.#timer = setTimeout(() => {
          this.#timer = null
          this.#file.wake()
        }, LOOK_AGAIN_MS)
      }
      throw error
    }
  }
}
