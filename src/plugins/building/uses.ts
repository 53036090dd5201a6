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
  const hosts = uses.filter(({ what }) => what === 'host')
  // A client tells something only where nothing else says what it calls.
  const called = hosts.length > 0 ? hosts : uses.filter(({ what }) => what === 'client')
  const env = uses.filter(({ what }) => what === 'env')
  const files = uses.filter(({ what }) => what === 'file')
  const exec = uses.filter(({ what }) => what === 'exec')
  const others = packages.filter((each) => each.Standard !== true && !own.includes(each))
  const network = others.filter(({ Imports = [] }) => Imports.some((name) => NETWORK.includes(name)))
  return {
    names: { hosts: namesIn(called), env: namesIn(env), files: namesIn(files), exec: namesIn(exec) },
    computed: { hosts: computedIn(called), env: computedIn(env), files: computedIn(files) },
    network: [...new Set(network.map(({ Module, ImportPath }) => Module?.Path ?? ImportPath))].sort(),
  }
}

/** Whether a plugin may call others: itself, through modules of others, or as a proxy. */
export function usesNetwork({ names, network }: UsesReport, own: readonly GoPackage[]): boolean {
  const proxies = own.some(({ Imports = [] }) => Imports.includes('net/http/httputil'))
  return proxies || names.hosts.length > 0 || network.length > 0
}

function namesIn(uses: readonly UseFound[]): readonly string[] {
  return [...new Set(uses.map(({ name }) => name || COMPUTED))].sort()
}

function computedIn(uses: readonly UseFound[]): readonly string[] {
  return [...new Set(uses.filter(({ name }) => name === '').map((use) => `${use.call} in ${shownPlace(use)}`))]
}
