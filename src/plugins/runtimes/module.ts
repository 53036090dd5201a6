import { pathToFileURL } from 'node:url'
import type { Handler } from '../../pipes/http.ts'
import { isPlugin, type Plugin } from '../../sdk/define-plugin.ts'
import { fileProblem, PluginLoadError } from '../problem.ts'
import { installSdkResolution } from '../resolve-sdk.ts'
import type { LoadedPlugin, LoadLimits, ModifierInstance, PluginKinds, Runtime, ServerInstance } from '../runtime.ts'
import { explainImportFailure } from './module-failure.ts'

/** Plugins in TypeScript and JavaScript: imported into the thread that serves, once, with types stripped by Node. */
export const moduleRuntime: Runtime = {
  name: 'module',
  extensions: ['.ts', '.mts', '.js', '.mjs'],
  load: async (file, limits) => {
    installSdkResolution()
    const plugins = findPlugins(await importFile(file, limits))
    if (plugins.length === 0) throw new PluginLoadError([withoutPlugin(file)])
    return plugins.map((plugin) => toLoadedPlugin(plugin, file))
  },
}

/** Imports, but waits no longer than the limit: a top-level `await` that never settles would hold the start for ever. */
async function importFile(file: string, { loadMs }: LoadLimits): Promise<object> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PluginLoadError([tooSlow(file, loadMs)])), loadMs)
  })
  try {
    const imported: Promise<object> = import(pathToFileURL(file).href)
    return await Promise.race([imported, late])
  } catch (error) {
    if (error instanceof PluginLoadError) throw error
    throw new PluginLoadError([explainImportFailure(file, error)], { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Every plugin among the exports, alone or in a list, each once however often it is exported. */
function findPlugins(module: object): Plugin[] {
  const found = new Set<Plugin>()
  for (const value of Object.values(module)) {
    for (const candidate of Array.isArray(value) ? value : [value]) if (isPlugin(candidate)) found.add(candidate)
  }
  return [...found]
}

function toLoadedPlugin(plugin: Plugin, file: string): LoadedPlugin {
  const { name, version, options, server, modifier } = plugin
  const kinds: PluginKinds = {
    ...(server !== null && {
      server: async (setup) => toServerInstance(await server(setup.options, setup.tools)),
    }),
    ...(modifier !== null && {
      modifier: async (setup) => toModifierInstance(await modifier(setup.options, setup.tools)),
    }),
  }
  return { name, version, file, options, kinds }
}

function toServerInstance(made: unknown): ServerInstance | null {
  if (made === null) return null
  if (typeof made !== 'function') {
    throw new TypeError(`the factory must return (next) => (request, context) => …, not ${nameOf(made)}`)
  }
  return (next: Handler) => {
    const hook: unknown = made(next)
    if (typeof hook === 'function') return (request, context) => hook(request, context)
    throw new TypeError(`what the factory returned must return (request, context) => …, not ${nameOf(hook)}`)
  }
}

function toModifierInstance(made: unknown): ModifierInstance | null {
  if (made === null) return null
  if (typeof made !== 'object') {
    throw new TypeError(`the factory must return { request?, response? }, not ${nameOf(made)}`)
  }
  const { request, response } = made as { request?: unknown; response?: unknown }
  const misspelt = Object.keys(made).length > 0 && request === undefined && response === undefined
  if (misspelt)
    throw new TypeError(`the factory must return { request?, response? }; found ${Object.keys(made).join(', ')}`)
  return { request: toHook(made, 'request', request), response: toHook(made, 'response', response) }
}

/** Bound to its object, so that hooks may be methods that use `this`. */
function toHook(owner: object, key: string, hook: unknown): ((...given: unknown[]) => unknown) | null {
  if (hook === undefined || hook === null) return null
  if (typeof hook !== 'function') throw new TypeError(`the hook "${key}" must be a function, not ${nameOf(hook)}`)
  return hook.bind(owner)
}

function nameOf(value: unknown): string {
  return value === undefined ? 'nothing' : typeof value
}

function withoutPlugin(file: string) {
  return fileProblem(
    'PLUGIN_FILE_BROKEN',
    file,
    'exports no plugin',
    'export definePlugin({ … }) of loligo/plugin; a module that only helps others belongs into a subfolder',
  )
}

function tooSlow(file: string, loadMs: number) {
  return fileProblem(
    'PLUGIN_FILE_BROKEN',
    file,
    `was not loaded after ${loadMs} ms: a top-level await does not settle`,
    'do not wait for other services while loading; do it in the factory or at the first request',
  )
}
