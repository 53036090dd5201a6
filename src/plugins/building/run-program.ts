import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ProgramRun {
  /** 0 when all went well; null when it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly folder: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What it reads. */
  readonly input?: string
}

/**
 * Runs a program to its end.
 * @throws Error with `code` `ENOENT` when there is none
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { folder, env, input = '' }: ProgramOptions,
): Promise<ProgramRun> {
  // PWD tells a program by which path its folder is known; the one of this process is another.
  const child = spawn(program, args, { cwd: folder, env: { ...env, PWD: folder }, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
