import { pathToFileURL } from 'node:url'
import { isPlugin, type Plugin } from '../../sdk/define-plugin.ts'
import { settleWithin } from '../../shared/settle-within.ts'
import { announceVersions, forgetVersions } from '../loading/module-versions.ts'
import { installSdkResolution } from '../loading/resolve-sdk.ts'
import { fileProblem, PluginLoadError } from '../problem.ts'
import type {
  AroundInstance,
  LoadedPlugin,
  LoadLimits,
  ModifierInstance,
  PluginKinds,
  PluginUnit,
  Runtime,
  UnitCode,
} from '../runtime.ts'
import { explainImportFailure } from './module-failure.ts'

/** Plugins in TypeScript and JavaScript: imported into the thread that serves, once, with types stripped by Node. */
export const moduleRuntime: Runtime = {
  name: 'module',
  extensions: ['.ts', '.mts', '.js', '.mjs'],
  packageExtensions: ['.cjs', '.cts'],
  load: async (unit, code, limits) => {
    installSdkResolution()
    const plugins = findPlugins(await importUnit(unit, code, limits))
    if (plugins.length === 0) throw new PluginLoadError([withoutPlugin(unit)])
    const origin = { file: unit.entry, unit: unit.name, hash: code.hash, runtime: moduleRuntime.name }
    return { plugins: plugins.map((plugin) => toLoadedPlugin(plugin, origin)), refused: {}, martian: [] }
  },
}

interface Imported {
  readonly hash: string
  readonly module: object
}

/** What this thread imported last, by entry. */
const imported = new Map<string, Imported>()

/**
 * Imports a unit whose code is not that of the last time. Otherwise its modules stay what they are, even where the links
 * on the way to the same code now lead elsewhere (as in a ConfigMap that is mounted).
 */
async function importUnit({ entry: file }: PluginUnit, code: UnitCode, limits: LoadLimits): Promise<object> {
  const { entry, hash, files } = code
  const last = imported.get(file)
  if (last?.hash === hash) return last.module
  announceVersions(files)
  try {
    // Not by a link: Node keeps where one led to.
    const module = await importFile(entry, limits)
    imported.set(file, { hash, module })
    return module
  } catch (error) {
    forgetVersions(files)
    if (!(error instanceof PluginLoadError)) throw error
    throw new PluginLoadError(
      error.problems.map((problem) => ({ ...problem, file })),
      { cause: error.cause },
    )
  }
}

/** Imports, but waits no longer than the limit: a top-level `await` that never settles would hold the start for ever. */
async function importFile(file: string, { loadMs }: LoadLimits): Promise<object> {
  try {
    const module: Promise<object> = import(pathToFileURL(file).href)
    return await settleWithin(loadMs, module, () => new PluginLoadError([tooSlow(file, loadMs)]))
  } catch (error) {
    if (error instanceof PluginLoadError) throw error
    throw new PluginLoadError([explainImportFailure(file, error)], { cause: error })
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

/** Where a plugin comes from. */
export type PluginOrigin = Pick<LoadedPlugin, 'file' | 'unit' | 'hash' | 'runtime'>

/** A plugin of a module, or of the program around the gateway, as the host takes it. */
export function toLoadedPlugin(plugin: Plugin, origin: PluginOrigin): LoadedPlugin {
  const { name, version, options, server, modifier, middleware, client } = plugin
  const kinds: PluginKinds = {
    ...(server !== null && {
      server: async (setup) => toAroundInstance(await server(setup.options, setup.tools)),
    }),
    ...(modifier !== null && {
      modifier: async (setup) => toModifierInstance(await modifier(setup.options, setup.tools)),
    }),
    ...(middleware !== null && {
      middleware: async (setup) => toAroundInstance(await middleware(setup.options, setup.tools)),
    }),
    ...(client !== null && {
      client: async (setup) => toAroundInstance(await client(setup.options, setup.tools)),
    }),
  }
  return { name, version, ...origin, options, kinds }
}

function toAroundInstance<Request, Response>(made: unknown): AroundInstance<Request, Response> | null {
  if (made === null) return null
  if (typeof made !== 'function') {
    throw new TypeError(`the factory must return (next) => (request, context) => …, not ${nameOf(made)}`)
  }
  return (next) => {
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
  const { request, response, partial = false } = made as { request?: unknown; response?: unknown; partial?: unknown }
  const misspelt = Object.keys(made).length > 0 && request === undefined && response === undefined
  if (misspelt)
    throw new TypeError(`the factory must return { request?, response? }; found ${Object.keys(made).join(', ')}`)
  if (typeof partial !== 'boolean') throw new TypeError(`"partial" must be a boolean, not ${nameOf(partial)}`)
  return { request: toHook(made, 'request', request), response: toHook(made, 'response', response), partial }
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

function withoutPlugin({ kind, entry }: PluginUnit) {
  const remedy =
    kind === 'file'
      ? 'export definePlugin({ … }) of loligo/plugin; a module that only helps others belongs into a subfolder'
      : 'export definePlugin({ … }) of loligo/plugin; a folder that only helps others has no package.json'
  return fileProblem('PLUGIN_FILE_BROKEN', entry, 'exports no plugin', remedy)
}

function tooSlow(file: string, loadMs: number) {
  return fileProblem(
    'PLUGIN_FILE_BROKEN',
    file,
    `was not loaded after ${loadMs} ms: a top-level await does not settle`,
    'do not wait for other services while loading; do it in the factory or at the first request',
  )
}
