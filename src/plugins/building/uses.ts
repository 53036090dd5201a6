import type { Inspection, UseFound } from './inspection.ts'
import type { GoPackage } from './packages.ts'
import { shownPlace } from './source-path.ts'

/** Stands in a list for names that are only known when the plugin runs. */
export const COMPUTED = '(computed)'

/** What the sources seem to use: an aid for whoever grants permissions, and no promise. */
export interface UsesReport {
  readonly names: {
    readonly hosts: readonly string[]
    readonly env: readonly string[]
    readonly files: readonly string[]
    readonly exec: readonly string[]
  }
  /** The calls whose argument is computed, with their places. */
  readonly computed: Readonly<Record<'hosts' | 'env' | 'files', readonly string[]>>
  /** Modules of others that use the network themselves. */
  readonly network: readonly string[]
}

/** Packages without which nothing can be dialled. */
const NETWORK = ['net', 'net/http', 'crypto/tls']

/** Puts together what was found in a plugin's own packages, and which modules of others use the network. */
export function usesOf({ uses }: Inspection, packages: readonly GoPackage[], own: readonly GoPackage[]): UsesReport {
  const named = (what: UseFound['what']) => {
    const found = uses.filter((use) => use.what === what).map(({ name }) => name || COMPUTED)
    return [...new Set(found)].sort()
  }
  const computed = (what: UseFound['what']) =>
    uses.filter((use) => use.what === what && use.name === '').map((use) => `${use.call} in ${shownPlace(use)}`)
  const others = packages.filter((each) => each.Standard !== true && !own.includes(each))
  const network = others.filter(({ Imports = [] }) => Imports.some((name) => NETWORK.includes(name)))
  return {
    names: { hosts: named('host'), env: named('env'), files: named('file'), exec: named('exec') },
    computed: { hosts: computed('host'), env: computed('env'), files: computed('file') },
    network: [...new Set(network.map(({ Module, ImportPath }) => Module?.Path ?? ImportPath))].sort(),
  }
}
