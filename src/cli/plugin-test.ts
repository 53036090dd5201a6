import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, statSync } from 'node:fs'
import type { Command } from './command.ts'
import { HELP_FLAG } from './command.ts'
import { parseFlags } from './flags.ts'
import { commandHelp } from './help.ts'

const TESTS = '**/*.test.{ts,mts,js,mjs}'

/** `loligo plugin test`: runs the tests of a folder by `node --test`, with this program's `loligo/plugin` and `loligo/testing`. */
export const pluginTest: Command = {
  name: 'plugin test',
  aliases: [],
  summary: 'Run the tests of a plugin; nothing need be installed',
  arguments: '[DIR] [-- OPTIONS OF node --test]',
  flags: {},
  async run(args, { out, err }) {
    const split = args.indexOf('--')
    const own = split === -1 ? args : args.slice(0, split)
    const { flags, rest } = parseFlags(HELP_FLAG, own)
    if (flags.help) {
      out(commandHelp(pluginTest))
      return 0
    }
    const [folder = '.', ...others] = rest
    if (others.length > 0) err(`WARNING ignoring what is not a folder: ${others.join(' ')}\n`)
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      err(`ERROR ${folder} is not a folder\n`)
      return 1
    }
    const files = globSync(TESTS, { cwd: folder, exclude: (path) => path.split('/').includes('node_modules') }).sort()
    if (files.length === 0) {
      err(`ERROR no tests in ${folder}: their files end in .test.ts, .test.mts, .test.js or .test.mjs\n`)
      return 1
    }
    return await runTests(folder, [...(split === -1 ? [] : args.slice(split + 1)), ...files])
  },
}

async function runTests(folder: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, ['--import', registration().href, '--test', ...args], {
    cwd: folder,
    stdio: 'inherit',
    env: withoutTestContext(),
  })
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 1
}

/** The module that makes imports of `loligo/…` mean this copy: the source in a checkout, a file of the bundle otherwise. */
export function registration(here: string = import.meta.url): URL {
  return new URL(here.endsWith('.ts') ? '../testing/register.ts' : 'register.js', here)
}

/** `node --test` would report to the runner around it, and run nothing, if this process is itself a test's. */
function withoutTestContext(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return env
}
