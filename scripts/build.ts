// Makes dist/: the bundles that the package runs, and the declarations that programs and plugins are checked against.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

rmSync(join(root, 'dist'), { recursive: true, force: true })
run('rolldown', ['-c', 'rolldown.config.js'])
run('tsc', ['-p', 'tsconfig.types.json'])

function run(program: string, args: string[]): void {
  const { status, error } = spawnSync(join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
