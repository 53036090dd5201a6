import { closeSync, constants, openSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ERRNO, WasiError } from './errno.ts'
import { type FileGrants, MOST_LINKS } from './file-grants.ts'
import { OPEN_FOLDERS_HAVE_PATHS, pathOfOpen } from './folder-descriptor.ts'
import type { GuestSystem } from './guest-system.ts'
import { attempt } from './node-errno.ts'
import type { FileAccess, Place, Use } from './paths.ts'

/** Linux: opens a folder only to begin paths at it, which takes no right to list it. Node has no name for it. */
const O_PATH = 0o10000000

/** A folder that is held while something in it is used. */
interface HeldFolder {
  /** What paths into it begin with. */
  readonly path: string
  /** Its own path, without links. */
  readonly real: string
  readonly release: () => void
}

/**
 * For a guest that may reach some files only. The folder that a path leads into is opened, asked for its real path, and
 * held: the file is then looked for in what is held, without following a link, so that nobody can put another folder or
 * a link in the place of what was checked. Links at the end of a path are followed here, one after the other, and where
 * each leads to is checked like a path of the guest's. Where open folders have no paths (not on Linux) the real path is
 * used instead; there, who is faster than the gateway could exchange a folder.
 */
export class GrantedFiles implements FileAccess {
  readonly #grants: FileGrants
  readonly #denied: GuestSystem['denied']

  constructor(grants: FileGrants, denied: GuestSystem['denied']) {
    this.#grants = grants
    this.#denied = denied
  }

  at<T>(path: string, use: Use, follow: boolean, then: (place: Place) => T): T {
    const folder = path.endsWith('/')
    let next = path
    for (let links = 0; links <= MOST_LINKS; links++) {
      const name = lastPart(next)
      const held = this.#hold(name === '' ? next : upToLast(next), name, use)
      try {
        const target = (follow || folder) && name !== '' ? linkIn(held, name) : null
        if (target === null) return then(this.#place(held, name, use, folder))
        next = target.startsWith('/') ? target : `${held.real}/${target}`
      } finally {
        held.release()
      }
    }
    throw new WasiError(ERRNO.loop)
  }

  #place(held: HeldFolder, name: string, use: Use, folder: boolean): Place {
    const real = name === '' ? held.real : join(held.real, name)
    if (!this.#grants.allow(real, use)) throw this.#refusal(real, use)
    const path = name === '' ? `${held.path}/.` : `${held.path}/${name}`
    return { path, follow: false, folder, mayChange: this.#grants.allow(real, 'write') }
  }

  /**
   * Whether a folder that is not granted exists is not told: then the guest is denied what it asks for.
   * @param name what it looks for in the folder
   */
  #hold(folder: string, name: string, use: Use): HeldFolder {
    try {
      return attempt(() => hold(folder))
    } catch (error) {
      const real = join(realOfExisting(folder), name)
      throw this.#grants.allow(real, use) ? error : this.#refusal(real, use)
    }
  }

  #refusal(path: string, use: Use): WasiError {
    this.#denied(use === 'read' || use === 'look' ? 'files.read' : 'files.write', path)
    return new WasiError(ERRNO.acces, `${path} is not granted`)
  }
}

function hold(folder: string): HeldFolder {
  if (!OPEN_FOLDERS_HAVE_PATHS) {
    const real = realpathSync.native(`${folder}/`)
    return { path: real === '/' ? '' : real, real, release: () => undefined }
  }
  const fd = openSync(folder, O_PATH | constants.O_DIRECTORY)
  const path = pathOfOpen(fd)
  const release = () => closeSync(fd)
  try {
    return { path, real: readlinkSync(path), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Null: it is no link, or not there. */
function linkIn(held: HeldFolder, name: string): string | null {
  try {
    return readlinkSync(`${held.path}/${name}`)
  } catch {
    return null
  }
}

/** The real path of what of a path exists, with the rest as it is written. */
function realOfExisting(path: string): string {
  let existing = path
  let rest = ''
  while (existing !== '/' && existing !== '.') {
    try {
      return join(realpathSync.native(existing), rest)
    } catch {
      rest = join(basename(existing), rest)
      existing = dirname(existing)
    }
  }
  return join('/', rest)
}

/** The name at the end of a path; empty when it names no entry of a folder: `/`, `.` and `..`. */
function lastPart(path: string): string {
  const name = basename(path)
  return name === '.' || name === '..' ? '' : name
}

/** The path of the folder that the name at the end stands in. */
function upToLast(path: string): string {
  const end = path.replace(/\/+$/, '')
  return end.slice(0, end.lastIndexOf('/') + 1)
}
