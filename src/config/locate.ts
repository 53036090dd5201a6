import { parsePath } from './path.ts'
import type { Position } from './positions.ts'
import { readDocument } from './read.ts'

/** Finds values in a configuration file that was read before, by their paths as diagnostics write them. */
export type FileLocator = (path: string) => Position | undefined

/** Reads the file again; a locator that finds nothing comes of one that cannot be read any more. */
export async function locateInFile(file: string): Promise<FileLocator> {
  if (file === '') return () => undefined
  const document = await readDocument(file, undefined)
  if (!('locator' in document)) return () => undefined
  const locate = await document.locator()
  return (path) => (path === '' ? undefined : locate(parsePath(path)))
}
