import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { LoadCommand, LoadPlan, LoadReport } from './load-messages.ts'

/** Requests that are being sent by another process. */
export interface RunningLoad {
  /** Requests that are due from now on are told apart from others by this name. */
  label(label: string): void
  /** Waits for the answers that are due, and ends the process. Rejects when the process has died. */
  stop(): Promise<LoadReport>
}

/** Begins to send requests; resolves with the first answer. Ended after the test at the latest. */
export async function startLoad(t: TestContext, plan: LoadPlan): Promise<RunningLoad> {
  const child = startHelper(t, 'load-process.ts')
  const tell = (command: LoadCommand) => void child.send(command)
  const died = once(child, 'exit').then(([code]): never => {
    throw new Error(`the load generator ended with ${code}`)
  })
  died.catch(() => {}) // told by `stop`
  const answered = once(child, 'message')
  tell({ kind: 'start', ...plan })
  await Promise.race([answered, died])
  return {
    label: (label) => tell({ kind: 'label', label }),
    async stop() {
      const reported = once(child, 'message')
      tell({ kind: 'stop' })
      const [report] = (await Promise.race([reported, died])) as [LoadReport]
      child.disconnect()
      return report
    },
  }
}

/**
 * An upstream that answers every request with `{"a":1}`, in a process of its own; resolves to its URL.
 * @param keepAliveMs after which time without a request it closes a connection
 */
export async function startUpstream(t: TestContext, keepAliveMs = 60_000): Promise<string> {
  const child = startHelper(t, 'upstream-process.ts', String(keepAliveMs))
  const [port] = (await once(child, 'message')) as [number]
  return `http://127.0.0.1:${port}`
}

function startHelper(t: TestContext, file: string, ...args: readonly string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, file), args, { execArgv: [] })
  t.after(() => void child.kill('SIGKILL'))
  return child
}
