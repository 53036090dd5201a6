import { isUtf8 } from 'node:buffer'
import type { DescriptorTable } from './descriptor.ts'
import { ERRNO, WasiError } from './errno.ts'
import { FolderDescriptor } from './folder-descriptor.ts'
import type { GuestMemory } from './guest-memory.ts'

/** What is done with a file: an entry of a folder is made, replaced or taken away, or contents are read or changed. */
export type Use = 'read' | 'look' | 'write' | 'entry'

/** Where the functions of Node are to look. */
export interface Place {
  readonly path: string
  /** Whether a link at the end is followed; otherwise it is itself what is meant. */
  readonly follow: boolean
  /** Whether what is there must be a folder, as a slash at the end of a path says. */
  readonly folder: boolean
  /** Whether the guest may change what is there. */
  readonly mayChange: boolean
}

/** Which files a guest can reach, and how. */
export interface FileAccess {
  /**
   * Calls back with the place that a path leads to, if the guest may use it so.
   * @param path absolute
   * @param follow whether a link at the end of it is followed
   * @throws WasiError `acces` when it is not granted
   */
  at<T>(path: string, use: Use, follow: boolean, then: (place: Place) => T): T
}

/** For a guest that may reach everything that the gateway can: paths are the system's own matter. */
export const ALL_FILES: FileAccess = {
  at: (path, _, follow, then) => then({ path, follow, folder: path.endsWith('/'), mayChange: true }),
}

/**
 * The absolute path that a guest means.
 * @param fd number of the folder that it begins at
 */
export function pathOf(table: DescriptorTable, memory: GuestMemory, fd: number, at: number, length: number): string {
  const folder = table.get(fd)
  if (!(folder instanceof FolderDescriptor)) throw new WasiError(ERRNO.notDir)
  const path = guestPath(memory, at, length)
  return path.startsWith('/') ? path : `${folder.path}/${path}`
}

/** A path as a guest writes it. */
export function guestPath(memory: GuestMemory, at: number, length: number): string {
  const bytes = memory.bytes(at, length)
  if (bytes.length === 0) throw new WasiError(ERRNO.noEnt)
  // Another name must not be meant than the one that is written; Node takes no zero byte.
  if (!isUtf8(bytes)) throw new WasiError(ERRNO.ilSeq)
  if (bytes.includes(0)) throw new WasiError(ERRNO.inval)
  return memory.text(at, length)
}
