// Makes dist/: the bundles that the package runs, the declarations that programs and plugins are checked against, and
// the licences of the packages that became part of the bundles.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build, type RolldownOutput } from 'rolldown'

/** The threads, plugins and tests of plugins find their entries relative to the file that became part of another bundle. */
const ENTRIES = {
  cli: 'src/cli/main.ts',
  thread: 'src/supervisor/thread.ts',
  'examiner-thread': 'src/supervisor/examiner-thread.ts',
  'password-thread': 'src/auth/password-thread.ts',
  'guest-thread': 'src/plugins/runtimes/go/guest/guest-thread.ts',
  index: 'src/index.ts',
  plugin: 'src/sdk/plugin.ts',
  testing: 'src/testing/index.ts',
  register: 'src/testing/register.ts',
}

/** What a program imports: declarations that these do not lead to are not shipped. */
const PUBLIC_DECLARATIONS = ['index.d.ts', 'sdk/plugin.d.ts', 'testing/index.d.ts']

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const types = join(dist, 'types')

rmSync(dist, { recursive: true, force: true })
writeFileSync(join(root, 'dist/LICENSES.txt'), licencesOf(await bundle()))
declare()

/** One file per entry, shared code in chunks beside them: code that looks for files looks beside itself. */
async function bundle(): Promise<RolldownOutput> {
  return await build({
    cwd: root,
    input: ENTRIES,
    platform: 'node',
    // Some packages' `main` is a wrapper that finds its own files at run time, where no bundler can see it.
    resolve: { mainFields: ['module', 'main'] },
    output: {
      dir: dist,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
    },
  })
}

/** The licence texts of all packages that a bundle holds code of: they ask for being passed on. */
function licencesOf({ output }: RolldownOutput): string {
  const folders = new Set<string>()
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue
    for (const id of Object.keys(chunk.modules)) {
      const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0]
      if (folder !== undefined) folders.add(folder)
    }
  }
  return [...folders].sort().map(licenceOf).join('\n')
}

function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (file === undefined) throw new Error(`${folder} has no licence file`)
  return `${'='.repeat(80)}\n${name} ${version}\n${'='.repeat(80)}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}

/** Writes the declarations and removes those of the gateway's inside. */
function declare(): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, error } = spawnSync(tsc, ['-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
  const wanted = reachable(PUBLIC_DECLARATIONS.map((file) => join(types, file)))
  for (const entry of readdirSync(types, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && !wanted.has(file)) rmSync(file)
  }
  removeEmptyFolders(types)
}

function reachable(files: readonly string[]): Set<string> {
  const found = new Set(files)
  for (const file of found) {
    const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '') // examples import what is not there
    for (const match of text.matchAll(/(?:from |import\()["'](\.[^"']*)["']/g)) {
      const target = resolve(dirname(file), (match[1] ?? '').replace(/\.[jt]s$/, '.d.ts'))
      if (!existsSync(target)) throw new Error(`${file} refers to ${match[1]}, which has no declarations`)
      found.add(target)
    }
  }
  return found
}

function removeEmptyFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name))
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true })
}
