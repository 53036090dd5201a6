import { createRequire, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { CodeFile } from '../runtime.ts'

/** What a file was when it was last imported, and the query that this has in its URL. */
interface Version {
  readonly hash: string
  readonly query: string
}

/** By URL; for this thread, as Node's own table of modules is. */
const versions = new Map<string, Version>()
const { cache } = createRequire(import.meta.url)

/** Stands for the hash of code that could not be imported. */
const FAILED = ''

let count = 0

/**
 * Says what files hold that are about to be imported, so that those that changed are read anew: their URLs get a query
 * (`?v=HASH-1`), wherever they are imported from then on. Files that did not change stay the modules that they are, with
 * their state, and the first version of a file has no query. Going back to earlier code runs it anew.
 *
 * CommonJS modules that a changed ES module imports are read anew too; an ES module that is had by `require` is not.
 */
export function announceVersions(files: readonly CodeFile[]): void {
  for (const { file, hash } of files) {
    const url = pathToFileURL(file).href
    const known = versions.get(url)
    if (known?.hash === hash) continue
    if (known !== undefined) {
      installVersions()
      delete cache[file]
    }
    versions.set(url, { hash, query: known === undefined ? '' : `?v=${hash}-${++count}` })
  }
}

/** Node keeps the failure of an import for ever: the next import reads these files anew, even if they are the same. */
export function forgetVersions(files: readonly CodeFile[]): void {
  for (const { file } of files) {
    const url = pathToFileURL(file).href
    const known = versions.get(url)
    if (known !== undefined) versions.set(url, { hash: FAILED, query: known.query })
  }
}

let installed = false

/** Only a thread in which code changed pays for it. */
function installVersions(): void {
  if (installed) return
  installed = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const query = context.conditions.includes('require') ? undefined : versions.get(resolved.url)?.query
      return query === undefined || query === '' ? resolved : { ...resolved, url: resolved.url + query }
    },
  })
}
