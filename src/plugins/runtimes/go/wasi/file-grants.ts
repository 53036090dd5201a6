import { readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Permissions } from '../../../../config/permissions.ts'
import type { Use } from './paths.ts'
import { STANDARD_FILES } from './standard-files.ts'

/** As many links as Linux follows. */
export const MOST_LINKS = 40

/** A granted path, and the one that it leads to. */
interface Grant {
  readonly written: string
  readonly real: string
  /** Where the links stand that were followed on the way. */
  readonly links: readonly string[]
}

/**
 * What a guest may do with which files. Where the granted paths lead to is looked up once, when the guest starts: were it
 * looked up later, a guest could put a link in the place of a folder of its own and be granted what the link leads to. For
 * the same reason a granted path that leads over a link which the guest could have put there, in an earlier life, grants
 * nothing.
 */
export class FileGrants {
  readonly #read: ReadonlySet<string>
  readonly #write: ReadonlySet<string>
  /** The folders on the way to what is granted: programs look at them before they make a folder or resolve a path. */
  readonly #way = new Set<string>()

  constructor({ read, write }: NonNullable<Permissions['files']>) {
    const writable = write.map(follow)
    const readable = [...read, ...STANDARD_FILES].map(follow)
    const own = writable.map(({ real }) => real)
    const trusted = ({ links }: Grant) => links.every((link) => !own.some((folder) => isBelow(link, folder)))
    const granted = [...writable, ...readable].filter(trusted)
    this.#write = new Set(writable.filter(trusted).map(({ real }) => real))
    this.#read = new Set(granted.map(({ real }) => real))
    for (const { written, real, links } of granted) {
      for (const path of [written, real, ...links]) {
        this.#way.add(path)
        for (let folder = dirname(path); !this.#way.has(folder); folder = dirname(folder)) this.#way.add(folder)
      }
    }
  }

  /** @param path a real one: without links */
  allow(path: string, use: Use): boolean {
    if (use === 'look' && this.#way.has(path)) return true
    // What is granted by name stays in its place: a link there would be followed when the guest starts the next time.
    if (use === 'entry') return isCovered(dirname(path), this.#write) && path !== '/' && !this.#write.has(path)
    return isCovered(path, use === 'write' ? this.#write : this.#read)
  }
}

function isCovered(path: string, roots: ReadonlySet<string>): boolean {
  for (let place = path; ; place = dirname(place)) {
    if (roots.has(place)) return true
    if (place === '/' || !place.startsWith('/')) return false
  }
}

function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder === '/' ? folder : `${folder}/`)
}

/** Follows all links of a path that begins at the root; what does not exist is taken as it is written. */
function follow(path: string): Grant {
  const written = resolve(path)
  const links: string[] = []
  let left = written.split('/').filter((part) => part !== '')
  let real = '/'
  while (left.length > 0) {
    const [part = '', ...rest] = left
    const place = join(real, part)
    const target = links.length < MOST_LINKS ? linkAt(place) : null
    if (target === null) {
      real = place
      left = rest
      continue
    }
    links.push(place)
    left = [
      ...resolve(real, target)
        .split('/')
        .filter((name) => name !== ''),
      ...rest,
    ]
    real = '/'
  }
  return { written, real, links }
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
