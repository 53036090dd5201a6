import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { pinned } from './cores.ts'
import { processTree } from './cpu-time.ts'

const KEPT_OUTPUT = 4000
const STOP_MS = 3000
const POLL_MS = 5

/** A process that the bench started. */
export interface Started {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
  /** The end of what it wrote, for messages. */
  output(): string
}

export interface StartOptions {
  readonly cores?: string | undefined
  readonly env?: Readonly<Record<string, string>>
  /** Opens a channel for messages (Node processes only). */
  readonly ipc?: boolean
}

const running = new Set<Started>()

/** Starts a command without a shell. Throws when the program cannot be started. */
export async function start(name: string, command: readonly string[], options: StartOptions = {}): Promise<Started> {
  const [program = '', ...args] = pinned(options.cores, command)
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', options.ipc ? 'ipc' : 'ignore']
  const child = spawn(program, args, { stdio, env: { ...process.env, ...options.env } })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  await once(child, 'spawn').catch((error: unknown) => {
    throw new Error(`${name}: cannot run "${program}"`, { cause: error })
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${name}: "${program}" has no process id`)
  const started: Started = { name, pid, child, output: () => output }
  running.add(started)
  child.once('exit', () => running.delete(started))
  return started
}

/** Ends a process and its descendants: politely, then by force after three seconds. */
export async function stop(started: Started): Promise<void> {
  const { child, pid } = started
  if (hasEnded(started)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => killAll(processTree(pid)), STOP_MS)
  await exited
  clearTimeout(timer)
}

/** Ends everything that was started, politely: a process may have something to write (a profile). */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop))
}

/** Ends everything that was started, at once; for errors and signals. */
export function stopAllNow(): void {
  for (const { pid } of running) killAll(processTree(pid))
}

/**
 * Waits until the port answers HTTP, whatever the status: a gateway may open and close its port to see whether it is
 * free, so that an accepted connection says nothing. Throws when the process ends first or time is up.
 */
export async function waitForAnswer(started: Started, port: number, timeoutMs: number): Promise<void> {
  const endsAt = performance.now() + timeoutMs
  while ((await getStatus(port, '/')) === null) {
    const ended = hasEnded(started)
    if (!ended && performance.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    else throw new Error(noAnswer(started, port, ended, timeoutMs))
  }
}

/** The status of one answer, read to its end; null when there was none. */
export function getStatus(port: number, path: string): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      response.resume()
      response.once('close', () => resolve(response.complete ? (response.statusCode ?? null) : null))
    })
    request.once('error', () => resolve(null))
  })
}

/** A port of the loopback interface that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no free port on 127.0.0.1')
  return address.port
}

/** Whether the process has exited or was killed. */
export function hasEnded({ child }: Started): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

function noAnswer(started: Started, port: number, ended: boolean, timeoutMs: number): string {
  const what = ended ? 'ended before it answered' : `did not answer within ${timeoutMs} ms`
  const output = started.output().trim()
  return `${started.name} ${what} on port ${port}${output === '' ? '; it wrote nothing' : `; it wrote:\n${output}`}`
}
