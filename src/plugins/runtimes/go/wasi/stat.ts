import type { BigIntStats, Dirent } from 'node:fs'
import { FILE_TYPE, type FileType } from './descriptor.ts'
import type { GuestMemory } from './guest-memory.ts'

/** What Node knows about the type of a file, from its metadata or from a listing. */
type Typed = Pick<
  Dirent,
  'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isCharacterDevice' | 'isBlockDevice' | 'isSocket'
>

/** Bytes of WASI's `filestat`. */
const FILESTAT_BYTES = 64

/** Pipes have no number of their own: they are "unknown", which Go takes for a plain file. */
export function fileTypeOf(file: Typed): FileType {
  if (file.isFile()) return FILE_TYPE.regularFile
  if (file.isDirectory()) return FILE_TYPE.directory
  if (file.isSymbolicLink()) return FILE_TYPE.symbolicLink
  if (file.isCharacterDevice()) return FILE_TYPE.characterDevice
  if (file.isBlockDevice()) return FILE_TYPE.blockDevice
  return file.isSocket() ? FILE_TYPE.socketStream : FILE_TYPE.unknown
}

/** Writes the metadata of a file where the guest wants it. */
export function writeFileStat(memory: GuestMemory, at: number, stats: BigIntStats): void {
  const { view } = memory
  writeBareStat(memory, at, fileTypeOf(stats))
  view.setBigUint64(at, stats.dev, true)
  view.setBigUint64(at + 8, stats.ino, true)
  view.setBigUint64(at + 24, stats.nlink, true)
  view.setBigUint64(at + 32, stats.size, true)
  view.setBigUint64(at + 40, stats.atimeNs, true)
  view.setBigUint64(at + 48, stats.mtimeNs, true)
  view.setBigUint64(at + 56, stats.ctimeNs, true)
}

/** The same for what is no file: nothing but its type. */
export function writeBareStat(memory: GuestMemory, at: number, type: FileType): void {
  memory.bytes(at, FILESTAT_BYTES).fill(0)
  memory.view.setUint8(at + 16, type)
}
