import type { Permissions } from '../../../../../config/permissions.ts'
import { ALL_GRANTED } from '../../../../../config/permissions-options.ts'
import { DescriptorTable } from '../descriptor.ts'
import { fileImports, openStandardStreams } from '../files.ts'
import { GuestMemory } from '../guest-memory.ts'
import type { GuestSystem } from '../guest-system.ts'

/** A number that a function of a guest's takes. */
type Parameter = number | bigint
type GuestFunction = (...parameters: Parameter[]) => number

/** WASI's `oflags` and the rights to read and to write. */
export const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8, read: 2n, write: 64n, both: 66n } as const

const ROOT = 3
/** Where in the memory paths, another path, data and results lie. */
const AT = { path: 1024, other: 8192, data: 16_384, list: 64, result: 128 } as const

/** A guest without code: its memory, and calls with paths for pointers. */
export class FakeGuest {
  readonly memory = new GuestMemory()
  readonly descriptors = new DescriptorTable()
  readonly denied: string[] = []
  readonly printed: string[] = []
  readonly system: GuestSystem
  readonly functions: Readonly<Record<string, GuestFunction>>

  constructor(permissions: Partial<Permissions> = {}, wake: () => void = () => undefined) {
    const bytes = { buffer: new ArrayBuffer(65_536) }
    this.memory.bind(bytes)
    this.system = {
      memory: this.memory,
      descriptors: this.descriptors,
      permissions: { ...ALL_GRANTED, ...permissions },
      wake,
      denied: (grant, what) => this.denied.push(`${grant} ${what}`),
    }
    this.functions = fileImports(this.system) as Readonly<Record<string, GuestFunction>>
    const print = (text: Uint8Array): unknown => this.printed.push(Buffer.from(text).toString())
    openStandardStreams(this.descriptors, { out: print, err: print })
  }

  /** @returns the number of the error */
  call(name: string, ...parameters: Parameter[]): number {
    const run = this.functions[name]
    if (run === undefined) throw new Error(`there is no function ${name}`)
    return run(...parameters)
  }

  /** The descriptor, or the error as a negative number. */
  open(path: string, oflags = 0, rights: bigint = OPEN.read, { fdflags = 0, follow = 1, from = ROOT } = {}): number {
    const length = this.#path(AT.path, path)
    const { path: at, result } = AT
    const errno = this.call('path_open', from, follow, at, length, oflags, rights, 0n, fdflags, result)
    return errno === 0 ? this.memory.view.getUint32(result, true) : -errno
  }

  /** One of the functions that take one path: `path_unlink_file` and the like. */
  withPath(name: string, path: string, from = ROOT): number {
    return this.call(name, from, AT.path, this.#path(AT.path, path))
  }

  stat(path: string, follow = 1): number {
    return this.call('path_filestat_get', ROOT, follow, AT.path, this.#path(AT.path, path), AT.result)
  }

  rename(from: string, to: string): number {
    const lengths = [this.#path(AT.path, from), this.#path(AT.other, to)] as const
    return this.call('path_rename', ROOT, AT.path, lengths[0], ROOT, AT.other, lengths[1])
  }

  link(from: string, to: string, follow = 0): number {
    const lengths = [this.#path(AT.path, from), this.#path(AT.other, to)] as const
    return this.call('path_link', ROOT, follow, AT.path, lengths[0], ROOT, AT.other, lengths[1])
  }

  symlink(target: string, path: string): number {
    const lengths = [this.#text(AT.other, target), this.#path(AT.path, path)] as const
    return this.call('path_symlink', AT.other, lengths[0], ROOT, AT.path, lengths[1])
  }

  setTimes(path: string, seconds: number): number {
    const at = BigInt(seconds) * 1_000_000_000n
    return this.call('path_filestat_set_times', ROOT, 1, AT.path, this.#path(AT.path, path), at, at, 5)
  }

  /** What can be read at once; the error as a negative number. */
  read(fd: number, length = 4096): string | number {
    this.#list(AT.data, length)
    const errno = this.call('fd_read', fd, AT.list, 1, AT.result)
    if (errno !== 0) return -errno
    return this.memory.text(AT.data, this.memory.view.getUint32(AT.result, true))
  }

  /** The number of bytes that were taken; the error as a negative number. */
  write(fd: number, text: string): number {
    this.#list(AT.data, this.#text(AT.data, text))
    const errno = this.call('fd_write', fd, AT.list, 1, AT.result)
    return errno === 0 ? this.memory.view.getUint32(AT.result, true) : -errno
  }

  /** Opens, reads and closes; the error as a negative number. */
  readFile(path: string): string | number {
    const fd = this.open(path)
    if (fd < 0) return fd
    const text = this.read(fd)
    this.descriptors.close(fd)
    return text
  }

  /** Opens, truncates, writes and closes; the error as a negative number, else 0. */
  writeFile(path: string, text: string): number {
    const fd = this.open(path, OPEN.create | OPEN.truncate, OPEN.write)
    if (fd < 0) return fd
    const written = this.write(fd, text)
    this.descriptors.close(fd)
    return Math.min(written, 0)
  }

  /** Paths begin at the root folder, as Go gives them: without the first slash. */
  #path(at: number, path: string): number {
    return this.#text(at, path === '/' ? '.' : path.replace(/^\//, ''))
  }

  #text(at: number, text: string): number {
    const bytes = Buffer.from(text)
    this.memory.bytes(at, bytes.length).set(bytes)
    return bytes.length
  }

  #list(at: number, length: number): void {
    this.memory.view.setUint32(AT.list, at, true)
    this.memory.view.setUint32(AT.list + 4, length, true)
  }
}
