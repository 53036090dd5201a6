import { closeSync, type Dirent, existsSync, readdirSync } from 'node:fs'
import { type Descriptor, type DescriptorTable, FILE_TYPE } from './descriptor.ts'
import type { GuestMemory } from './guest-memory.ts'
import { fileTypeOf } from './stat.ts'

/** Bytes of WASI's `dirent`, which the name follows. */
const ENTRY_BYTES = 24

/** Folders through which Linux leads to what a descriptor of the process has open. */
const OPEN_FOLDERS = '/proc/self/fd'

/** Whether paths can begin at an open folder; elsewhere they begin at its path, and a folder that is moved is lost. */
export const OPEN_FOLDERS_HAVE_PATHS = process.platform === 'linux' && existsSync(OPEN_FOLDERS)

/** A path that leads to an open folder, whatever it is called by now. */
export function pathOfOpen(fd: number): string {
  return `${OPEN_FOLDERS}/${fd}`
}

/** The number under which Go looks for the folder that all paths begin at. */
const ROOT_FD = 3

/** Opens the root folder, under the number 3. */
export function openRootFolder(table: DescriptorTable): void {
  table.add(new FolderDescriptor({ fd: null, path: '', mayChange: false, closed: () => undefined }), ROOT_FD)
}

/** A folder that a guest has open: it is listed, and paths may begin at it. */
export class FolderDescriptor implements Descriptor {
  readonly type = FILE_TYPE.directory
  readonly flags = 0
  /** The system's; null for the root, which is not opened. */
  readonly fd: number | null
  readonly mayChange: boolean
  readonly #path: string
  readonly #closed: () => void
  #entries: readonly Dirent[] = []

  constructor({ fd, path, mayChange, closed }: OpenFolder) {
    this.fd = fd
    this.mayChange = mayChange
    this.#path = path
    this.#closed = closed
  }

  /** What paths that begin here begin with. */
  get path(): string {
    return this.fd !== null && OPEN_FOLDERS_HAVE_PATHS ? pathOfOpen(this.fd) : this.#path
  }

  /**
   * Writes entries from the given one on; the last may be cut off where the room ends. The folder is listed anew when a
   * guest begins at the first one.
   * @returns the number of bytes; fewer than there is room for at the end of the list
   */
  list(memory: GuestMemory, at: number, room: number, from: number): number {
    if (from === 0) this.#entries = readdirSync(`${this.path}/`, { withFileTypes: true })
    const target = memory.bytes(at, room)
    let used = 0
    for (let index = from; index < this.#entries.length && used < room; index++) {
      const entry = entryBytes(this.#entries[index], index + 1)
      const length = Math.min(entry.length, room - used)
      target.set(entry.subarray(0, length), used)
      used += length
    }
    return used
  }

  close(): void {
    this.#closed()
    if (this.fd !== null) closeSync(this.fd)
  }
}

export interface OpenFolder {
  readonly fd: number | null
  readonly path: string
  readonly mayChange: boolean
  readonly closed: () => void
}

/** @param next the number of the entry behind it */
function entryBytes(entry: Dirent | undefined, next: number): Buffer {
  if (entry === undefined) return Buffer.alloc(0)
  const name = Buffer.from(entry.name)
  const bytes = Buffer.alloc(ENTRY_BYTES + name.length)
  bytes.writeBigUInt64LE(BigInt(next), 0)
  bytes.writeUInt32LE(name.length, 16)
  bytes.writeUInt8(fileTypeOf(entry), 20)
  name.copy(bytes, ENTRY_BYTES)
  return bytes
}
