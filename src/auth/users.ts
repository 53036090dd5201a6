import { hash as digestOf, randomBytes } from 'node:crypto'
import { costOf } from './htpasswd.ts'
import type { PasswordChecker } from './password-checker.ts'

/** People and programs with passwords. */
export interface Users {
  /**
   * Whether this is the user's password: at once where it has been checked before.
   * @throws what the checker does
   */
  check(user: string, password: string): boolean | Promise<boolean>
  readonly size: number
}

interface User {
  readonly hash: string
  /** Digest of the credentials that were right; empty before. One per user, so that there is a limit. */
  right: string
}

/** Wrong credentials that are remembered, so that a client that goes on trying them costs nothing. */
const MAX_WRONG = 1_000

/**
 * Credentials that have been checked are known by a digest with a random key, for as long as these users live: the hash
 * of a password is slow on purpose, so it is asked once. A name that does not exist takes as long as one that does.
 */
export function createUsers(hashes: ReadonlyMap<string, string>, checker: PasswordChecker): Users {
  const users = new Map(Array.from(hashes, ([name, hash]): [string, User] => [name, { hash, right: '' }]))
  const decoy = decoyFor([...hashes.values()])
  const key = randomBytes(32).toString('base64')
  const wrong = new Set<string>()
  const checking = new Map<string, Promise<boolean>>()

  async function checkSlowly(user: User | undefined, password: string, digest: string): Promise<boolean> {
    try {
      const matches = await checker.check(password, user?.hash ?? decoy)
      const right = matches && user !== undefined
      if (right) user.right = digest
      else noteWrong(digest)
      return right
    } finally {
      checking.delete(digest)
    }
  }

  function noteWrong(digest: string): void {
    if (wrong.size >= MAX_WRONG) {
      const [oldest = ''] = wrong
      wrong.delete(oldest)
    }
    wrong.add(digest)
  }

  return {
    size: users.size,
    check(name, password) {
      if (users.size === 0) return false
      const user = users.get(name)
      // The key comes first and nobody sees the digest: comparing it tells nothing about what it was made of.
      const digest = digestOf('sha256', `${key}${name}:${password}`, 'base64')
      if (user !== undefined && user.right === digest) return true
      if (wrong.has(digest)) return false
      let check = checking.get(digest)
      if (check === undefined) {
        check = checkSlowly(user, password, digest)
        checking.set(digest, check)
      }
      return check
    },
  }
}

const DIGEST_CHARACTERS = 53

/** A hash with the highest cost of all, whose password nobody knows. */
function decoyFor(hashes: readonly string[]): string {
  const cost = Math.max(4, ...hashes.map(costOf))
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(DIGEST_CHARACTERS)}`
}
