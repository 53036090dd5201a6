import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

// The thread that checks passwords: bcrypt is slow on purpose, and the gateway's threads must not stand still for it.

/** What is asked. */
export interface PasswordQuestion {
  readonly id: number
  readonly password: string
  /** A bcrypt hash that has the right form. */
  readonly hash: string
}

/** Whether the password is the right one. */
export interface PasswordAnswer {
  readonly id: number
  readonly right: boolean
}

/** On the scale of `nice`: guesses of strangers shall not take the processor from requests. */
const LOW_PRIORITY = 10

// Only there it is that of the thread; elsewhere that of the whole process.
if (process.platform === 'linux') {
  try {
    setPriority(LOW_PRIORITY)
  } catch {
    // forbidden: then with the priority of all
  }
}

parentPort?.on('message', ({ id, password, hash }: PasswordQuestion) => {
  parentPort?.postMessage({ id, right: compareSync(password, hash) } satisfies PasswordAnswer)
})
