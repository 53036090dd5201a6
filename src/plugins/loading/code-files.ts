import { createHash } from 'node:crypto'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { digestOfFile } from '../../shared/digest-of-file.ts'
import type { CodeFile, PluginUnit, UnitCode } from '../runtime.ts'

/** Files beyond these limits count by their size and the time of their last change. */
const MAX_BYTES = 64 * 1024 * 1024
const MAX_FILES = 2000

/** In a file that leads to more than this, all have its hash. */
const MAX_OWN_HASHES = 200

const HASH_LENGTH = 12

/** What is code in a package's folder. Tests and declarations do not run with it. */
const CODE = /\.[mc]?[jt]s$/
const NO_CODE = /\.d\.[mc]?ts$|\.(?:test|spec)\.[mc]?[jt]s$/

/** Texts that look like relative paths of modules: of `import` and `export … from`, `import()`, `new URL`, `require`. */
const RELATIVE_PATHS = /(['"`])(\.\.?\/[^'"`\n$]*\.(?:[mc]?[jt]s|json))\1/g

/** An `import()` whose path is only known when it runs. */
const COMPUTED_IMPORT = /\bimport\s*\((?!\s*(['"`])[^'"`\n$]*\1\s*[,)])/

/** A file as it was read, with the files that its text names. */
interface Source {
  readonly digest: string
  readonly leadsTo: readonly string[]
}

/** Reads code, each file once, however many units share it. */
export type CodeReader = (unit: PluginUnit) => Promise<UnitCode>

/**
 * Makes a reader for one time of loading.
 *
 * A file in the plugin folder is that file with all that it leads to by relative paths, wherever that lies: each file has a
 * hash of its own, so that a helper which two plugins share stays shared until it changes. A package is all code in its
 * folder under one hash, with what leads out of it. What lies in `node_modules` below either is not looked at: it is
 * read once by each thread.
 */
export function createCodeReader(): CodeReader {
  const sources = new Map<string, Promise<Source | null>>()
  const read = (file: string): Promise<Source | null> => {
    const known = sources.get(file)
    if (known !== undefined) return known
    const source = readSource(file, sources.size >= MAX_FILES)
    sources.set(file, source)
    return source
  }
  return async (unit) => {
    const entry = await realpath(unit.entry)
    if (unit.kind === 'file') {
      const graph = await reachedFrom([entry], read)
      const hash = hashOf(graph, dirname(entry))
      const shared = graph.size > MAX_OWN_HASHES
      const files = [...graph.keys()].map(async (file) => (shared ? { file, hash } : await ownHash(file, read)))
      return { entry, hash, files: await Promise.all(files) }
    }
    const root = await realpath(unit.root)
    const own = [...(await codeBelow(root)), entry]
    const manifest = join(root, 'package.json')
    const graph = await reachedFrom([...own, manifest], read)
    const hash = hashOf(graph, root)
    const files = [...graph.keys()].map(async (file) =>
      isBelow(file, root) ? { file, hash } : await ownHash(file, read),
    )
    return { entry, hash, files: await Promise.all(files) }
  }
}

/** A hash over the names and codes of all units that were loaded. */
export function fingerprintOf(units: readonly { readonly name: string; readonly hash: string }[]): string {
  return digestOf(units.map(({ name, hash }) => `${name}\0${hash}\n`).join('')).slice(0, HASH_LENGTH)
}

async function ownHash(file: string, read: (file: string) => Promise<Source | null>): Promise<CodeFile> {
  return { file, hash: hashOf(await reachedFrom([file], read), dirname(file)) }
}

/** All files that there are among these and those that they lead to, with their digests. */
async function reachedFrom(
  files: readonly string[],
  read: (file: string) => Promise<Source | null>,
): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>()
  const seen = new Set(files)
  for (const file of seen) {
    const source = await read(file)
    if (source === null) continue
    digests.set(file, source.digest)
    for (const next of source.leadsTo) seen.add(next)
  }
  return digests
}

function hashOf(digests: ReadonlyMap<string, string>, base: string): string {
  const lines = [...digests].map(([file, digest]) => `${relative(base, file)}\0${digest}\n`)
  return digestOf(lines.sort().join('')).slice(0, HASH_LENGTH)
}

/** Null when there is no such file, which a text that looks like a path need not name. */
async function readSource(file: string, tooMany: boolean): Promise<Source | null> {
  try {
    const { size, mtimeMs } = await stat(file)
    if (tooMany || size > MAX_BYTES) return { digest: `${size} ${mtimeMs}`, leadsTo: [] }
    if (file.endsWith('.wasm')) return { digest: await digestOfFile(file), leadsTo: [] }
    const text = await readFile(file, 'utf8')
    return { digest: digestOf(text), leadsTo: file.endsWith('.json') ? [] : await pathsIn(text, dirname(file)) }
  } catch {
    return null
  }
}

async function pathsIn(text: string, folder: string): Promise<readonly string[]> {
  const named = new Set([...text.matchAll(RELATIVE_PATHS)].map(([, , path]) => resolve(folder, path ?? '')))
  const found = COMPUTED_IMPORT.test(text) ? [...(await codeBelow(folder))] : []
  for (const path of named) {
    if (path.includes(`${sep}node_modules${sep}`)) continue
    // Modules are known by their paths without links.
    found.push(await realpath(path).catch(() => path))
  }
  return found
}

/** All code files of a folder and its subfolders, without links; folders whose names begin with a dot are not entered. */
async function codeBelow(folder: string, seen: Set<string> = new Set()): Promise<readonly string[]> {
  const found: string[] = []
  if (seen.has(folder)) return found
  seen.add(folder)
  for (const { name } of await readdir(folder, { withFileTypes: true })) {
    if (name === 'node_modules' || name.startsWith('.')) continue
    const path = await realpath(join(folder, name)).catch(() => null)
    if (path === null) continue
    if ((await stat(path)).isDirectory()) found.push(...(await codeBelow(path, seen)))
    else if (CODE.test(name) && !NO_CODE.test(name)) found.push(path)
  }
  return found
}

function isBelow(file: string, root: string): boolean {
  return file.startsWith(root + sep)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
