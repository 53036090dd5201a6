import { runCommandLine } from './index.ts'

// The launcher imports this module. Standard output and error are written synchronously (files, pipes and terminals
// are, on POSIX systems), so nothing is lost by the exit; without it something that a plugin left open could keep
// `check` from ending.
const code = await runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
})
process.exit(code)
