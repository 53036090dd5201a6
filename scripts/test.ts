// Runs the tests: unit tests beside their files, end-to-end tests in test/. Arguments name files to run instead.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const given = process.argv.slice(2)
const patterns = ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts', 'examples/**/*.test.ts']
const files = given.length > 0 ? given : globSync(patterns, { cwd: root })

// Tests of plugins import `loligo/plugin` and `loligo/testing`: here that means the source.
const register = ['--import', './src/testing/register.ts']
// A test that waits for what does not come fails with its name, and does not stand still for ever.
const { status, error } = spawnSync(
  process.execPath,
  [...register, '--test', '--test-reporter=spec', '--test-timeout=60000', ...files],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
if (error !== undefined) throw error
process.exit(status ?? 1)
