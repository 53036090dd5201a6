import { once } from 'node:events'
import sonicBoom from 'sonic-boom'

/** What may wait for a slow reader before lines are dropped: a gateway does not stand still for its log. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

/** How long the end of the program waits for a reader that does not read. */
const CLOSE_LIMIT_MS = 3000

/** Writes log lines to a file descriptor; nobody else writes there, so no line is torn. */
export interface LogWriter {
  /** Takes whole lines with their line feeds. */
  write(text: string): void
  /**
   * Resolves when all is written, or the reader is gone, or has not read for `limitMs`. Later lines are dropped.
   * There is no way to wait without a promise: a write under way cannot be waited for, and would come out of order.
   */
  close(limitMs?: number): Promise<void>
}

/**
 * Opens the log on a file descriptor. When the reader is gone (EPIPE) the gateway goes on without a log; when it is
 * slow, lines beyond 64 MiB are dropped. Both are told by `report`, once.
 */
export function openLogWriter(fd: number, report: (problem: string) => void): LogWriter {
  const stream = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: MAX_WAITING_BYTES })
  let open = true
  let dropped = false
  stream.on('error', (error: Error) => {
    if (open) report(`the log cannot be written any more: ${error.message}`)
    open = false
    stream.destroy()
  })
  stream.on('drop', () => {
    if (!dropped) report(`log lines are dropped: standard output is not read, and ${MAX_WAITING_BYTES} bytes wait`)
    dropped = true
  })
  return {
    write(text) {
      if (open) stream.write(text)
    },
    async close(limitMs = CLOSE_LIMIT_MS) {
      if (!open) return
      open = false
      const closed = once(stream, 'close', { signal: AbortSignal.timeout(limitMs) })
      stream.end()
      await closed.catch((error: Error) => report(`the end of the log is lost: ${error.message}`))
    },
  }
}
