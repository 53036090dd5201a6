import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { Lines } from './lines.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** A temporary folder with files of these names and contents, gone after the test. What is no text is written as JSON. */
export function folderWith(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-files-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  }
  return folder
}

/** A run of the command line in a process of its own. */
export interface CommandRun {
  /** The lines of both outputs. */
  readonly lines: Lines
  readonly pid: number
  /** Resolves to the port once the gateway listens; rejects when it ends before. */
  listening(): Promise<number>
  signal(name: NodeJS.Signals): void
  /** Resolves when the process has ended. */
  readonly end: Promise<{ readonly code: number | null; readonly output: string }>
}

/**
 * Runs `loligo ARGS` in a folder; the process is killed after the test.
 * @param program the file that Node runs
 */
export function runCommand(
  t: TestContext,
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = MAIN,
): CommandRun {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LOLIGO_THREADS: '1', ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = new Lines()
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) lines.add(line)
    })
  }
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
  const refused = async (): Promise<never> => {
    throw new Error(`the gateway does not listen: ${(await end).output}`)
  }
  return {
    lines,
    pid: child.pid ?? 0,
    listening: async () => {
      const line = await Promise.race([lines.find(/Listening on port: \d+$/), refused()])
      return Number(line.split(': ').at(-1))
    },
    signal: (name) => void child.kill(name),
    end,
  }
}
