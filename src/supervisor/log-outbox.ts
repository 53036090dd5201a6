/** Collects a thread's log lines and hands them over in batches. */
export interface LogOutbox {
  /** Takes a line without its line feed; an urgent one takes all that wait along at once. */
  add(line: string, urgent: boolean): void
  /** Hands over what waits. */
  flush(): void
}

/** What a busy thread collects at most before it hands over, in characters. */
const MAX_WAITING = 256 * 1024

/**
 * Lines of one turn of the event loop go together, for a message costs as much as formatting twenty lines: so those of
 * the access log. Lines of the application log are few, and the thread may die of what they tell: they go at once.
 */
export function createLogOutbox(send: (text: string) => void): LogOutbox {
  let waiting = ''
  let scheduled = false
  const flush = (): void => {
    if (waiting === '') return
    const text = waiting
    waiting = ''
    send(text)
  }
  const turn = (): void => {
    scheduled = false
    flush()
  }
  return {
    add(line, urgent) {
      waiting += `${line}\n`
      if (urgent || waiting.length > MAX_WAITING) return flush()
      if (scheduled) return
      scheduled = true
      setImmediate(turn)
    },
    flush,
  }
}
