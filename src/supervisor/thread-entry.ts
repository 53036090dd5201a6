/**
 * The file that a gateway thread runs: `thread.ts` beside this one in a checkout, `thread.js` beside the bundle that
 * this module became part of in a package.
 */
export function threadEntry(here: string = import.meta.url): URL {
  return new URL(here.endsWith('.ts') ? 'thread.ts' : 'thread.js', here)
}
