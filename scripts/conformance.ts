// Runs conformance cases: `npm run conformance -- FOLDER [AREA…] [-- options of the runner]`. FOLDER holds `run.mjs` and
// `cases/`. Cases that need what the gateway does not have yet are skipped by `--without`; cases that are departed from
// on purpose stand in test/departures.json.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** Namespaces whose features have not landed. */
const WITHOUT = ['modifier/martian', 'modifier/lua-backend', 'modifier/lua-endpoint', 'modifier/lua-proxy']

interface Departure {
  readonly case: string
}

const root = join(import.meta.dirname, '..')
const args = process.argv.slice(2)
const split = args.indexOf('--')
const own = split === -1 ? args : args.slice(0, split)
const passed = split === -1 ? [] : args.slice(split + 1)
const [folder, ...areas] = own
if (folder === undefined || !existsSync(join(folder, 'run.mjs'))) {
  process.stderr.write(
    'usage: npm run conformance -- FOLDER [AREA…] [-- OPTIONS], with the folder that holds run.mjs and cases/\n',
  )
  process.exit(2)
}

const departed = new Set(
  (JSON.parse(readFileSync(join(root, 'test/departures.json'), 'utf8')) as Departure[]).map(
    (departure) => departure.case,
  ),
)
const cases = (areas.length > 0 ? areas : ['core']).flatMap((area) => {
  const directory = resolve(folder, 'cases', area)
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json') && !departed.has(`${area}/${basename(name, '.json')}`))
    .sort()
    .map((name) => join(directory, name))
})
const launcher = `${process.execPath} ${join(root, 'bin/loligo.js')}`
const plugins = cases.some((file) => readFileSync(file, 'utf8').includes('"go_plugins"')) ? buildPlugins() : []
const { status, error } = spawnSync(
  process.execPath,
  [
    resolve(folder, 'run.mjs'),
    ...['--gateway', `${launcher} run {flags} -c {config} --threads 2`],
    ...['--cli', launcher],
    ...['--without', WITHOUT.join(',')],
    ...plugins,
    ...passed,
    ...cases,
  ],
  { cwd: root, stdio: 'inherit' },
)
if (error !== undefined) throw error
process.exit(status ?? 1)

/** Compiles the Go plugins of the cases with this checkout; what has not changed since the last time is there already. */
function buildPlugins(): string[] {
  const out = join(root, 'node_modules/.cache/loligo-conformance', goHash())
  const build = `${launcher} plugin build --out {out} .`
  const args = [
    resolve(folder ?? '', 'build-go-plugins.mjs'),
    '--build',
    build,
    '--ext',
    '.wasm',
    '--out',
    out,
    ...cases,
  ]
  const built = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (built.status !== 0) process.exit(built.status ?? 1)
  return ['--plugins-folder', out, '--plugin-ext', '.wasm']
}

/** Changes with the gateway's own Go side. */
function goHash(): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(join(root, 'go'), { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('.go')) hash.update(name).update(readFileSync(join(root, 'go', name)))
  }
  return hash.digest('hex').slice(0, 16)
}
