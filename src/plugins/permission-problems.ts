import type { PluginSection, PluginSettings } from '../config/model.ts'
import { formatPath } from '../config/path.ts'
import { settingsOf } from './instances.ts'
import { configProblem, type PluginProblem } from './problem.ts'
import type { LoadedPlugin } from './runtime.ts'
import { moduleRuntime } from './runtimes/module.ts'

/** A plugin, and the names under which permissions of its file are looked up. */
export interface PermittedPlugin {
  readonly plugin: Pick<LoadedPlugin, 'name' | 'runtime'>
  /** Empty for plugins that come with the program or the gateway. */
  readonly fileNames: readonly string[]
  /** It is a part of the gateway, which is trusted; what holds for all plugins is not meant for it. */
  readonly bundled: boolean
}

/**
 * The permissions of the configuration to which nobody would be held: those of plugins in JavaScript, which runs in the
 * gateway's own threads with all rights, and those under a name that is not looked up. Such a gateway must not start,
 * leniently neither: who wrote them wants code to be confined.
 * @param complete whether all files could be loaded; otherwise a name that is missing may be that of a plugin of them
 */
export function permissionProblems(
  plugins: readonly PermittedPlugin[],
  section: PluginSection,
  complete: boolean,
): readonly PluginProblem[] {
  const problems = new Map<string, PluginProblem>()
  const add = (where: readonly string[], message: string, remedy: string): void => {
    const place = formatPath(['plugin', ...where, 'permissions'])
    if (!problems.has(place)) problems.set(place, unsupported(place, message, remedy))
  }
  for (const [name, { permissions }] of explicit(section)) {
    const meant = plugins.filter(({ plugin, fileNames }) => plugin.name === name || fileNames.includes(name))
    const module = meant.find(({ plugin }) => plugin.runtime === moduleRuntime.name)
    const elsewhere = meant.find(({ fileNames }) => heldTo(fileNames, section).permissions !== permissions)
    if (module !== undefined) add(['settings', name], NOT_CONFINED, 'take them out, or build the plugin as WebAssembly')
    else if (meant.length === 0) {
      if (complete) add(['settings', name], 'no loaded plugin has this name', 'correct the name, or take them out')
    } else if (elsewhere !== undefined) {
      const [file = name] = elsewhere.fileNames
      const message = `all plugins of a file have the same permissions, by the name of the file: "${file}"`
      add(['settings', name], message, `write them under plugin.settings.${formatPath([file])}`)
    }
  }
  if (section.defaults.permissions !== null) {
    const module = plugins.find(({ plugin, bundled }) => plugin.runtime === moduleRuntime.name && !bundled)
    const remedy = 'give permissions to the WebAssembly plugins by name, under plugin.settings'
    if (module !== undefined)
      add(['defaults'], `${NOT_CONFINED}: "${module.plugin.name}" would have all rights`, remedy)
  }
  return [...problems.values()]
}

const NOT_CONFINED = 'permissions hold for WebAssembly plugins only; trusted JavaScript cannot be held to them'

function unsupported(where: string, message: string, remedy: string): PluginProblem {
  return configProblem('PLUGIN_PERMISSIONS_UNSUPPORTED', where, message, remedy)
}

/** The settings that have permissions of their own. */
function explicit({ settings, defaults }: PluginSection): [string, PluginSettings][] {
  return Object.entries(settings).filter(
    ([, { permissions }]) => permissions !== null && permissions !== defaults.permissions,
  )
}

/** The settings that hold for a file: those under the first of its names that has some. */
export function heldTo(fileNames: readonly string[], section: PluginSection): PluginSettings {
  const name = fileNames.find((candidate) => Object.hasOwn(section.settings, candidate))
  return name === undefined ? section.defaults : settingsOf(name, section)
}
