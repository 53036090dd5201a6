// Holds the direction of imports: a folder may import from folders below it, never from one above or beside it. Run by
// `npm run lint`. The order, from the top down:
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** Folders on one line do not import each other; the rooms may import rooms further along the request's way. */
const LAYERS: readonly (readonly string[])[] = [
  ['index.ts'],
  ['cli'],
  ['testing'],
  ['supervisor'],
  ['gateway'],
  ['server'],
  ['router'],
  ['endpoint'],
  ['proxy'],
  ['backend'],
  ['features', 'bundled'],
  ['plugins', 'auth', 'traffic', 'security'],
  ['sdk'],
  ['transport'],
  ['encoding', 'shaping', 'patterns'],
  ['telemetry', 'shared'],
  ['config'],
  ['pipes'],
  ['errors.ts', 'product.ts'],
]

/** Types that cross the order on purpose; nothing of them is there at run time. */
const TYPE_ONLY_EXCEPTIONS: ReadonlySet<string> = new Set(['config -> telemetry', 'config -> shared'])

/** A feature knows the pipes and libraries, never a room. */
const ALLOWED_FOR_FEATURES: ReadonlySet<string> = new Set([
  'plugins',
  'auth',
  'traffic',
  'security',
  'patterns',
  'telemetry',
  'shared',
  'config',
  'pipes',
  'errors.ts',
  'product.ts',
])

/** Static ones, with or without bindings, and dynamic ones, types among them. */
const IMPORTS = /^(?:import|export)\s(type\s)?(?:[^'"]*?from\s+)?['"](\.[^'"]*)['"]|import\(\s*['"`](\.[^'"`]*)['"`]/gm

const source = join(import.meta.dirname, '../src')
const problems: string[] = []

for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.includes('test-fixtures')) continue
  check(join(source, name))
}
if (problems.length > 0) {
  process.stderr.write(
    `${problems.join('\n')}\n${problems.length} imports go the wrong way (see scripts/check-imports.ts)\n`,
  )
  process.exit(1)
}

function check(file: string): void {
  const text = readFileSync(file, 'utf8')
  for (const match of text.matchAll(IMPORTS)) {
    const target = resolve(dirname(file), match[2] ?? match[3] ?? '')
    const from = roomOf(file)
    const to = roomOf(target)
    if (from === to) continue
    if (match[1] !== undefined && TYPE_ONLY_EXCEPTIONS.has(`${from} -> ${to}`)) continue
    const [above, below] = [layerOf(from), layerOf(to)]
    if (above === -1 || below === -1)
      problems.push(`${relative(source, file)}: ${above === -1 ? from : to} is in no layer`)
    else if (from === 'features' || above >= below) {
      if (from === 'features' && ALLOWED_FOR_FEATURES.has(to)) continue
      problems.push(`${relative(source, file)} (${from}) imports ${relative(source, target)} (${to})`)
    }
  }
}

function roomOf(file: string): string {
  return relative(source, file).split('/')[0] ?? ''
}

function layerOf(room: string): number {
  return LAYERS.findIndex((layer) => layer.includes(room))
}
