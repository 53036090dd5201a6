// Runs the long tests of test/soak one after the other, and tells at the end what each of them measured. Arguments name
// some of them: `npm run soak -- reload memory`.
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from 'node:test'

const folder = join(import.meta.dirname, '../test/soak')
const known = globSync('*.soak.ts', { cwd: folder }).sort()
const names = known.map((file) => basename(file, '.soak.ts'))
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`no soak test is called ${unknown.join(', ')}; there are: ${names.join(', ')}\n`)
  process.exit(1)
}

const report: string[] = []
const tell = (line: string): void => {
  report.push(line)
  process.stdout.write(`${line}\n`)
}

/** Runs one file; resolves to whether all its tests succeeded. */
async function soak(name: string): Promise<boolean> {
  let succeeded = true
  const events = run({ files: [join(folder, `${name}.soak.ts`)], concurrency: false, execArgv: [] })
  const take = (verdict: string) => (event: { readonly name: string; readonly details: { duration_ms: number } }) =>
    tell(`${verdict} ${name}: ${event.name} (${(event.details.duration_ms / 1000).toFixed(0)} s)`)
  events.on('test:pass', take('passed'))
  events.on('test:fail', (event) => {
    succeeded = false
    take('FAILED')(event)
    const { cause } = event.details.error
    tell(`    ${cause instanceof Error ? cause.stack : String(cause)}`)
  })
  // They come after the verdict. Those of the run as a whole (how many tests) have no file.
  events.on('test:diagnostic', ({ message, file }) => {
    if (file !== undefined) tell(`    ${message}`)
  })
  for await (const _ of events);
  return succeeded
}

const failed: string[] = []
for (const name of wanted.length > 0 ? wanted : names) {
  process.stdout.write(`\n== ${name}\n`)
  if (!(await soak(name))) failed.push(name)
}
process.stdout.write(`\n== report\n${report.join('\n')}\n`)
if (failed.length > 0) {
  process.stdout.write(`\n${failed.join(', ')} failed\n`)
  process.exitCode = 1
}
