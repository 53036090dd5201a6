import { childrenOf } from '../shared/scheduling.ts'

/** How long a thread may take to end, in milliseconds: then what it waits for is ended, and then it is given up. */
const RELEASE_MS = 150
const GIVE_UP_MS = 300

/** A thread that has been told to end. */
export interface EndingThread {
  readonly isGone: () => boolean
  /** The number by which the system knows it; 0 where that is not known. */
  readonly systemThread: () => number
  /** It goes on in native code until that returns. */
  readonly giveUp: () => void
}

/** Sees to it that a thread ends that may hang in native code. */
export function seeToTheEnd({ isGone, systemThread, giveUp }: EndingThread): void {
  setTimeout(() => {
    // What it waits for without an event loop (`execSync`) is the process that it has started last.
    const child = isGone() ? undefined : childrenOf(systemThread()).at(-1)
    if (child !== undefined) kill(child)
  }, RELEASE_MS).unref()
  setTimeout(() => {
    if (!isGone()) giveUp()
  }, GIVE_UP_MS).unref()
}

function kill(child: number): void {
  try {
    process.kill(child, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
