import { registerHooks } from 'node:module'

const SDK = 'loligo/plugin'

let installed = false

/**
 * The module behind `loligo/plugin`: the source in a checkout, the built file beside this one in the bundle.
 * @param here the URL of this module
 */
export function sdkUrl(here: string = import.meta.url): string {
  return new URL(here.endsWith('.ts') ? '../sdk/plugin.ts' : './plugin.js', here).href
}

/**
 * Makes `import … from 'loligo/plugin'` mean the running gateway's own copy in every module that this thread loads from
 * now on, wherever it lies and whatever is installed beside it. So `instanceof` holds, and a plugin needs no packages.
 * Once per thread is enough; further calls do nothing.
 */
export function installSdkResolution(): void {
  if (installed) return
  installed = true
  const url = sdkUrl()
  registerHooks({
    resolve: (specifier, context, next) => (specifier === SDK ? { url, shortCircuit: true } : next(specifier, context)),
  })
}
