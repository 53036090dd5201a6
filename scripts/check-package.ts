// Packs the package as it would be published, installs it in an empty folder and uses it there as a user would.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'loligo-package-'))

try {
  const packed = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed)
  writeFileSync(
    join(folder, 'package.json'),
    '{ "name": "user", "version": "1.0.0", "private": true, "type": "module" }',
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, filename)], folder)
  const loligo = join(folder, 'node_modules/loligo/bin/loligo.js')
  console.log(run(process.execPath, [loligo, 'version'], folder).trim())
  const example = join(root, 'examples/getting-started')
  console.log(run(process.execPath, [loligo, 'check', '-c', 'krakend.json'], example).trim())
  writeFileSync(
    join(folder, 'embed.js'),
    "import { buildGateway, loadConfigObject } from 'loligo'\nif (typeof buildGateway !== 'function' || typeof loadConfigObject !== 'function') process.exit(1)\n",
  )
  run(process.execPath, [join(folder, 'embed.js')], folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function run(program: string, args: string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status === 0) return stdout + (program === 'npm' ? '' : stderr)
  process.stderr.write(`${program} ${args.join(' ')}\n${stdout}${stderr}`)
  process.exit(1)
}
