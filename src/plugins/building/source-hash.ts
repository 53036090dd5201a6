import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { GoPackage } from './packages.ts'

/**
 * SHA-256 over the names and contents of what a plugin is made of: the sources of these packages, the files embedded in
 * them, and the module's `go.mod` and `go.sum`, by which all others are fixed.
 * @param moduleFile empty when there is none
 */
export function sourceHash(packages: readonly GoPackage[], moduleFile: string, folder: string): string {
  const root = moduleFile === '' ? folder : dirname(moduleFile)
  const files = packages.flatMap(({ Dir = '', GoFiles = [], SFiles = [], EmbedFiles = [] }) =>
    [...GoFiles, ...SFiles, ...EmbedFiles].map((name) => join(Dir, name)),
  )
  const manifests = moduleFile === '' ? [] : [moduleFile, join(root, 'go.sum')].filter((file) => existsSync(file))
  const named = [...files, ...manifests].map((file) => [relative(root, file).split(sep).join('/'), file] as const)
  const hash = createHash('sha256')
  for (const [name, file] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = readFileSync(file)
    hash.update(`${name}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
