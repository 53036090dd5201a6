import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { ERRNO, WasiError } from './errno.ts'
import { FileDescriptor } from './file-descriptor.ts'
import { FolderDescriptor } from './folder-descriptor.ts'
import type { FileAccess, Place } from './paths.ts'

/** WASI's `oflags`. */
const CREATE = 1
const DIRECTORY = 2
const EXCLUSIVE = 4
const TRUNCATE = 8

/** WASI's `fdflags`. */
export const FD_FLAG = { append: 1, dataSync: 2, nonBlock: 4, readSync: 8, sync: 16 } as const

/** WASI's `rights` that say how a file is opened. */
const RIGHT_READ = 1 << 1
const RIGHT_WRITE = 1 << 6

/** How many files a guest may have open: more would leave none to the gateway. */
const MOST_OPEN_FILES = 1024

/** Like every shell: others may read what is not said to be private. The process's umask takes away from it. */
const FILE_MODE = 0o666
/** WASI does not say the mode. Who asks for a file that was not there before makes a temporary or a lock file. */
const NEW_FILE_MODE = 0o600

/** How a guest wants a file opened. */
export interface OpenRequest {
  readonly path: string
  readonly follow: boolean
  readonly oflags: number
  readonly rights: number
  readonly fdflags: number
}

/** Opens files and folders for one guest. */
export class FileOpener {
  readonly #access: FileAccess
  readonly #wake: () => void
  #open = 0

  constructor(access: FileAccess, wake: () => void) {
    this.#access = access
    this.#wake = wake
  }

  open(request: OpenRequest): FileDescriptor | FolderDescriptor {
    if (this.#open >= MOST_OPEN_FILES) throw new WasiError(ERRNO.mfile)
    const { path, oflags, rights } = request
    const changes = (rights & RIGHT_WRITE) !== 0 || (oflags & (CREATE | TRUNCATE)) !== 0
    // A link is no file that was not there before.
    const follow = request.follow && (oflags & (CREATE | EXCLUSIVE)) !== (CREATE | EXCLUSIVE)
    return this.#access.at(path, changes ? 'write' : 'read', follow, (place) => this.#openAt(place, request))
  }

  #openAt(place: Place, request: OpenRequest): FileDescriptor | FolderDescriptor {
    const { fdflags, oflags } = request
    if (place.folder && (oflags & CREATE) !== 0) throw new WasiError(ERRNO.isDir)
    const mode = (oflags & EXCLUSIVE) === 0 ? FILE_MODE : NEW_FILE_MODE
    const fd = openSync(place.path, systemFlags(place, request), mode)
    try {
      const stats = fstatSync(fd, { bigint: true })
      const { mayChange } = place
      const closed = () => {
        this.#open--
      }
      const descriptor = stats.isDirectory()
        ? new FolderDescriptor({ fd, path: place.path, mayChange, closed })
        : new FileDescriptor({ fd, stats, flags: fdflags, mayChange, wake: this.#wake, closed })
      this.#open++
      return descriptor
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }
}

function systemFlags(place: Place, { oflags, rights, fdflags }: OpenRequest): number {
  const writes = (rights & RIGHT_WRITE) !== 0
  const reads = (rights & RIGHT_READ) !== 0
  // Pipes and devices must not hold up the thread, which is the guest's only one; for files it changes nothing.
  let flags = constants.O_NONBLOCK | constants.O_NOCTTY
  if (writes) flags |= reads ? constants.O_RDWR : constants.O_WRONLY
  if (!place.follow) flags |= constants.O_NOFOLLOW
  if (place.folder || (oflags & DIRECTORY) !== 0) flags |= constants.O_DIRECTORY
  if ((oflags & CREATE) !== 0) flags |= constants.O_CREAT
  if ((oflags & EXCLUSIVE) !== 0) flags |= constants.O_EXCL
  if ((oflags & TRUNCATE) !== 0) flags |= constants.O_TRUNC
  if ((fdflags & FD_FLAG.append) !== 0) flags |= constants.O_APPEND
  if ((fdflags & FD_FLAG.dataSync) !== 0) flags |= constants.O_DSYNC
  if ((fdflags & (FD_FLAG.sync | FD_FLAG.readSync)) !== 0) flags |= constants.O_SYNC
  return flags
}
