import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { buildGoPlugin } from '../../src/plugins/building/build.ts'
import { BuildFailure } from '../../src/plugins/building/build-failure.ts'

const root = resolve(import.meta.dirname, '../..')
const cache = join(root, 'node_modules/.cache/loligo-go')

/** For the `skip` of tests that build Go: why they cannot, or false. */
export const withoutGo: string | false =
  spawnSync('go', ['version'], { encoding: 'utf8' }).status === 0 ? false : 'there is no Go on this machine'

const building = new Map<string, Promise<string>>()

/** The WebAssembly of a folder with Go sources: built when they, or the gateway's Go side, have changed. */
export function buildGo(folder: string): Promise<string> {
  const place = resolve(root, folder)
  let built = building.get(place)
  if (built === undefined) {
    built = build(place)
    building.set(place, built)
  }
  return built
}

/**
 * A plugin folder for one test, with the WebAssembly of Go sources.
 * @param plugins names of the files without `.wasm` → folders of sources
 */
export async function goPluginFolder(t: TestContext, plugins: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-go-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, sources] of Object.entries(plugins))
    copyFileSync(await buildGo(sources), join(folder, `${name}.wasm`))
  return folder
}

async function build(folder: string): Promise<string> {
  const file = join(cache, `${hashOf([folder, join(root, 'go'), join(root, 'src/plugins/building')])}.wasm`)
  if (existsSync(file)) return file
  mkdirSync(dirname(file), { recursive: true })
  try {
    await buildGoPlugin({ folder, out: file, env: process.env })
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error
    const { message, remedy, output } = error
    throw new Error(`${folder}: ${message}\n${remedy}\n${output}`, { cause: error })
  }
  return file
}

function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).sort(byPath)) {
      const file = join(entry.parentPath, entry.name)
      if (!entry.isFile() || file.endsWith('.wasm')) continue
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update('\0')
    }
  }
  return hash.digest('hex').slice(0, 24)
}

function byPath(a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number {
  const [left, right] = [join(a.parentPath, a.name), join(b.parentPath, b.name)]
  return left < right ? -1 : left > right ? 1 : 0
}
