// Runs conformance cases: `npm run conformance -- FOLDER [AREA…] [-- options of the runner]`. FOLDER holds `run.mjs` and
// `cases/`. Cases that need what the gateway does not have yet are skipped by `--without`; cases that are departed from
// on purpose stand in test/departures.json.
import { spawnSync } from 'node:child_process'
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
const { status, error } = spawnSync(
  process.execPath,
  [
    resolve(folder, 'run.mjs'),
    ...['--gateway', `${launcher} run {flags} -c {config} --threads 2`],
    ...['--cli', launcher],
    ...['--without', WITHOUT.join(',')],
    ...passed,
    ...cases,
  ],
  { cwd: root, stdio: 'inherit' },
)
if (error !== undefined) throw error
process.exit(status ?? 1)
