import { readFileSync } from 'node:fs'

/** The version of this program, from its package.json (beside `src/` in a checkout, beside `dist/` in a package). */
export const VERSION: string = readVersion()

/** How the program names itself to clients and upstreams. */
export const PRODUCT = 'Loligo'

/** The version of the reference whose behaviour and configuration this program follows. */
export const REFERENCE_VERSION = '2.13'

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
