import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Listener } from './listen.ts'

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Columns of a line: `sl local remote state tx_queue:rx_queue timer retransmits uid timeout inode …`. */
const STATE = 3
const QUEUES = 4
const INODE = 9

/** The state of a listening socket. The system lists these before all others. */
const LISTEN = '0A'

const CHUNK_BYTES = 64 * 1024

/**
 * Connections that the system has taken for a listener, and that it has not accepted yet: they are lost when it closes,
 * though others listen on the same port. Null where the system does not tell (Linux does: for a socket that listens,
 * `rx_queue` is that number). To be called right before closing, so it reads without giving way, and no more than it must.
 */
export function countUnaccepted({ fd }: Pick<Listener, 'fd'>, tables: readonly string[] = TABLES): number | null {
  if (fd === null || fd < 0) return null
  try {
    const inode = String(fstatSync(fd).ino)
    for (const table of tables) {
      const found = findInTable(table, inode)
      if (found !== null) return found
    }
    return null
  } catch {
    return null // no such table on this system
  }
}

function findInTable(file: string, inode: string): number | null {
  const table = openSync(file, 'r')
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let rest = ''
    for (;;) {
      const length = readSync(table, chunk)
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const columns = line.trim().split(/\s+/)
        if (columns[0] === 'sl') continue
        if (columns[STATE] !== LISTEN) return null
        if (columns[INODE] === inode) return Number.parseInt(columns[QUEUES]?.split(':')[1] ?? '', 16)
      }
      if (length === 0) return null
    }
  } finally {
    closeSync(table)
  }
}
