import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { request } from '../support/client.ts'
import { type CommandRun, folderWith, runCommand } from '../support/command-line.ts'

const PROGRAM = join(import.meta.dirname, '../../bin/loligo.js')

/** A gateway as users run it: `bin/loligo.js run` with two threads, in a folder of its own. */
export interface SoakGateway extends CommandRun {
  readonly port: number
  /** Replaces a file; what is no text is written as JSON. */
  write(name: string, content: unknown): void
  /** Removes a file, if it is there. */
  remove(name: string): void
  /** Asks for a reload by SIGHUP; resolves to the line that tells how it ended, of those that the others come before. */
  reload(): Promise<Outcome>
  /** Resident memory in MB, as the system tells it. */
  rssMb(): number
  /** Open file descriptors. */
  descriptors(): number
  /** How many log lines match. */
  count(pattern: RegExp): number
  get(path: string): Promise<string>
}

/** How a reload ended. */
export interface Outcome {
  readonly reloaded: boolean
  /** Everything that was logged about it. */
  readonly lines: readonly string[]
}

const OUTCOME = /\[SERVICE: Supervisor\] (?:generation \d+ serves after|not reloaded, generation \d+ goes on)/

/** Starts it; killed after the test at the latest. */
export async function startSoakGateway(
  t: TestContext,
  files: Readonly<Record<string, unknown>>,
  flags: readonly string[] = [],
): Promise<SoakGateway> {
  const folder = folderWith(t, files)
  const args = ['run', '-c', 'krakend.json', '-p', '0', '--threads', '2', ...flags]
  const command = runCommand(t, folder, args, {}, PROGRAM)
  const { lines, pid } = command
  const port = await command.listening()
  let reloads = 0
  return {
    ...command,
    port,
    write: (name, content) =>
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content)),
    remove: (name) => rmSync(join(folder, name), { force: true }),
    async reload() {
      const from = lines.all.length
      command.signal('SIGHUP')
      const outcome = (await lines.findAll(OUTCOME, ++reloads)).at(-1) ?? ''
      return { reloaded: outcome.includes('serves after'), lines: lines.all.slice(from) }
    },
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    count: (pattern) => lines.all.filter((line) => pattern.test(line)).length,
    get: async (path) => (await request(port, path)).body,
  }
}
