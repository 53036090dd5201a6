import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isPlainObject } from '../../config/plain-object.ts'

/** What is loaded of a folder with a `package.json`; a text says why there is nothing to load. */
export type PackageEntry = { readonly file: string } | { readonly reason: string }

/** Conditions that a plugin is imported under, as Node's own `import` has them. */
const CONDITIONS: ReadonlySet<string> = new Set(['import', 'node', 'module-sync', 'default'])

const INDEX_FILES = ['index.ts', 'index.mts', 'index.js', 'index.mjs']

/** Finds the module that a folder's `package.json` names: by `exports["."]`, else `main`, else an index file. */
export function packageEntry(folder: string): PackageEntry {
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch (error) {
    return { reason: `its package.json cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  }
  if (!isPlainObject(manifest)) return { reason: 'its package.json is no object' }
  const { exports, main } = manifest
  if (exports !== undefined && exports !== null) {
    const target = targetOf(ownExport(exports))
    if (target === null) return { reason: 'the "exports" of its package.json have no "." for import' }
    return existing(folder, [target], 'exports')
  }
  if (typeof main === 'string' && main !== '') return existing(folder, [main, `${main}.js`, `${main}/index.js`], 'main')
  const index = INDEX_FILES.find((name) => existsSync(join(folder, name)))
  if (index !== undefined) return { file: join(folder, index) }
  return { reason: `it has a package.json with neither "exports" nor "main", and no ${INDEX_FILES.join(', ')}` }
}

/** Whether a folder is itself a plugin: it has a `package.json`, and the module that this names. */
export function isPluginPackage(folder: string): boolean {
  return existsSync(join(folder, 'package.json')) && 'file' in packageEntry(folder)
}

/** `exports` may be what "." stands for, or an object of subpaths. */
function ownExport(exports: unknown): unknown {
  return isPlainObject(exports) && Object.keys(exports).some((key) => key.startsWith('.')) ? exports['.'] : exports
}

/** The first target whose conditions hold; null when there is none. */
function targetOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  const choices = Array.isArray(value)
    ? value
    : isPlainObject(value)
      ? Object.entries(value).flatMap(([condition, target]) => (CONDITIONS.has(condition) ? [target] : []))
      : []
  for (const choice of choices) {
    const target = targetOf(choice)
    if (target !== null) return target
  }
  return null
}

function existing(folder: string, names: readonly [string, ...string[]], key: string): PackageEntry {
  const file = names
    .map((name) => join(folder, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
  return file === undefined ? { reason: `there is no ${names[0]}, which "${key}" of its package.json names` } : { file }
}
