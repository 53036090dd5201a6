import type { Runtime } from '../runtime.ts'
import type { GoRuntimeOptions } from './go/go-runtime.ts'

/** The runtime of Go plugins, whose code is loaded with the first of them. */
export function goRuntimeOnDemand(options: GoRuntimeOptions): Runtime {
  let loaded: Promise<Runtime> | null = null
  return {
    name: 'go',
    extensions: ['.wasm'],
    packageExtensions: [],
    load: async (unit, code, limits) => {
      loaded ??= import('./go/go-runtime.ts').then(({ createGoRuntime }) => createGoRuntime(options))
      return await (await loaded).load(unit, code, limits)
    },
  }
}
