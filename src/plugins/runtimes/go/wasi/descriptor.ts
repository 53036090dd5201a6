import { ERRNO, WasiError } from './errno.ts'

/** Types of files as WASI numbers them. */
export const FILE_TYPE = {
  unknown: 0,
  blockDevice: 1,
  characterDevice: 2,
  directory: 3,
  regularFile: 4,
  socketDgram: 5,
  socketStream: 6,
  symbolicLink: 7,
} as const

export type FileType = (typeof FILE_TYPE)[keyof typeof FILE_TYPE]

/**
 * Something that a guest has open. No method waits: what cannot be done now throws `WasiError` with `again`, and the
 * guest waits in `poll_oneoff` until `canRead` or `canWrite` says that it can. Who becomes ready calls `GuestSystem.wake`.
 */
export interface Descriptor {
  readonly type: FileType
  /** Fills the target; the number of bytes, 0 at the end. */
  read?(target: Uint8Array): number
  /** The number of bytes that were taken. */
  write?(source: Uint8Array): number
  /** Absent: always ready, as files are. */
  canRead?(): boolean
  canWrite?(): boolean
  /** The next connection of one that listens. */
  accept?(): Descriptor
  /** Nothing more is read, or written, or both. */
  shutdown?(read: boolean, write: boolean): void
  close(): void
}

/** The descriptors of a guest by their numbers. */
export class DescriptorTable {
  readonly #descriptors = new Map<number, Descriptor>()
  #next: number

  /** @param first the lowest number for what is opened later */
  constructor(first = 64) {
    this.#next = first
  }

  /** @returns the number under which it is found from now on */
  add(descriptor: Descriptor, fd = this.#next++): number {
    this.#descriptors.set(fd, descriptor)
    return fd
  }

  /** @throws WasiError `badf` */
  get(fd: number): Descriptor {
    const descriptor = this.#descriptors.get(fd)
    if (descriptor === undefined) throw new WasiError(ERRNO.badf)
    return descriptor
  }

  find(fd: number): Descriptor | undefined {
    return this.#descriptors.get(fd)
  }

  /** @throws WasiError `badf` */
  close(fd: number): void {
    const descriptor = this.get(fd)
    this.#descriptors.delete(fd)
    descriptor.close()
  }

  /**
   * Gives a descriptor another number; what had that number is closed.
   * @throws WasiError `badf`
   */
  move(from: number, to: number): void {
    const descriptor = this.get(from)
    this.get(to)
    if (from === to) return
    this.close(to)
    this.#descriptors.delete(from)
    this.#descriptors.set(to, descriptor)
  }

  closeAll(): void {
    for (const fd of [...this.#descriptors.keys()]) this.close(fd)
  }

  get size(): number {
    return this.#descriptors.size
  }
}
