import { runCommandLine } from '../../src/cli/index.ts'

/** Runs a command in this process; what it writes to standard output and to standard error. */
export async function typeCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  let out = ''
  let err = ''
  const code = await runCommandLine(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env,
  })
  return { code, out, err }
}
