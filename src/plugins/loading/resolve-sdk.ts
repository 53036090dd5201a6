import { registerHooks } from 'node:module'

/** Where the modules lie that authors import: the source in a checkout, the file beside this one in the bundle. */
const MODULES = {
  'loligo/plugin': { source: '../../sdk/plugin.ts', bundled: './plugin.js' },
  'loligo/testing': { source: '../../testing/index.ts', bundled: './testing.js' },
} as const

let installed = false

/**
 * The module of the running gateway behind one of the names that authors import.
 * @param here the URL of this module
 */
export function sdkUrl(name: keyof typeof MODULES, here: string = import.meta.url): string {
  const { source, bundled } = MODULES[name]
  return new URL(here.endsWith('.ts') ? source : bundled, here).href
}

/**
 * Makes `import … from 'loligo/plugin'` and `'loligo/testing'` mean the running gateway's own copy in every module that
 * this thread loads from now on, wherever it lies and whatever is installed beside it. So `instanceof` holds, and a plugin
 * needs no packages. Once per thread is enough; further calls do nothing.
 */
export function installSdkResolution(): void {
  if (installed) return
  installed = true
  const urls = new Map(Object.keys(MODULES).map((name) => [name, sdkUrl(name as keyof typeof MODULES)]))
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = urls.get(specifier)
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
    },
  })
}
