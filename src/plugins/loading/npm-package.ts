import { realpathSync } from 'node:fs'
import { findPackageJSON, isBuiltin, registerHooks } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** An npm package that holds plugins. */
export interface NpmPackage {
  /** The module to import. */
  readonly entry: string
  /** The folder of its `package.json`, without links. */
  readonly root: string
}

/**
 * Finds an npm package, or a module that it exports (`name/sub`), as an `import` in a module of one of the folders would.
 * @returns null when none of the folders has it
 * @throws Error of Node's when it is there and cannot be imported: no such export, say
 */
export function findNpmPackage(specifier: string, folders: readonly string[]): NpmPackage | null {
  for (const folder of folders) {
    const importer = pathToFileURL(join(folder, 'importer.mjs')).href
    const url = resolveFrom(specifier, importer)
    if (url === null) continue
    const entry = fileURLToPath(url)
    const manifest = findPackageJSON(packageName(specifier), importer)
    return { entry, root: manifest === undefined ? dirname(entry) : realpathSync(dirname(manifest)) }
  }
  return null
}

/** Whether a text can be the name of a package, or of a module of one. */
export function isPackageSpecifier(text: string): boolean {
  return !isBuiltin(text) && /^(?:@[\w.~-]+\/)?[a-z0-9~-][\w.~-]*(?:\/[^:\\]+)?$/i.test(text)
}

/** `name` of `name/sub/path`, `@scope/name` of `@scope/name/sub/path`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** `import.meta.resolve` takes no other importer than this module; a hook that is there for this one call gives it one. */
function resolveFrom(specifier: string, importer: string): string | null {
  const wanted = `loligo-package:${specifier}`
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === wanted ? next(specifier, { ...context, parentURL: importer }) : next(asked, context),
  })
  try {
    return import.meta.resolve(wanted)
  } catch (error) {
    if (isMissing(error, packageName(specifier))) return null
    throw error
  } finally {
    hooks.deregister()
  }
}

function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return false
  return error.message.startsWith(`Cannot find package '${name}' imported from`)
}
