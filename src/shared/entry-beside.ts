import { basename } from 'node:path'

/**
 * The file that a thread runs: in a checkout the source, in a package the bundle of the same name beside the one that the
 * caller became part of.
 * @param here `import.meta.url` of the caller
 * @param source the path of the source from there, such as `./thread.ts`
 */
export function entryBeside(here: string, source: string): URL {
  return new URL(here.endsWith('.ts') ? source : basename(source).replace(/\.ts$/, '.js'), here)
}
