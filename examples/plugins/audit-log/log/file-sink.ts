import { appendFile } from 'node:fs/promises'
import type { PluginTools } from 'loligo/plugin'

/** Where lines go, and how many may wait. */
export interface FileSinkOptions {
  readonly file: string
  /** How often they are written, milliseconds. */
  readonly flushMs: number
  /** How many wait in memory while the file cannot be written; further ones are lost. */
  readonly maxPending: number
}

/** Few enough to go out in one write, which no line of another thread can split. */
const BATCH_LINES = 500
const OPTIONS = { mode: 0o640 } as const

/**
 * Appends lines to a file, many at a time. The file is opened for each batch, so it may be renamed at any moment; what
 * waits when the instance ends is written then.
 *
 * Rejects when the file cannot be written at the start.
 */
export async function createFileSink(
  { file, flushMs, maxPending }: FileSinkOptions,
  { every, onClose, log, counter }: PluginTools,
): Promise<(line: string) => void> {
  await appendFile(file, '', OPTIONS)
  const lost = counter('lost', { description: 'Lines that found no room while the file could not be written' })
  const pending: string[] = []
  let failing = false
  let missing = 0

  const write = async (): Promise<void> => {
    try {
      while (pending.length > 0) {
        const lines = pending.slice(0, BATCH_LINES)
        // A write that failed may have left half a line.
        await appendFile(file, (failing ? '\n' : '') + lines.join(''), OPTIONS)
        pending.splice(0, lines.length)
        if (failing) log.warning(`${file} is written again; ${missing} lines are missing`)
        failing = false
        missing = 0
      }
    } catch (error) {
      if (!failing) log.error(`lines are kept in memory, up to ${maxPending}: ${String(error)}`)
      failing = true
    }
  }

  let writing = Promise.resolve()
  const flush = (): Promise<void> => {
    writing = writing.then(write)
    return writing
  }
  every(flushMs, flush)
  onClose(async () => {
    await flush()
    if (pending.length > 0) log.error(`${pending.length} lines were never written to ${file}`)
  })

  return (line) => {
    if (pending.length >= maxPending) {
      missing++
      lost.add()
      return
    }
    pending.push(`${line}\n`)
    if (pending.length % BATCH_LINES === 0 && !failing) void flush()
  }
}
