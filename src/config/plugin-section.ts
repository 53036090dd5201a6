import type { PluginSection, PluginSettings } from './model.ts'
import { checkPermissions, readPermissions } from './permissions-options.ts'
import type { Report } from './report.ts'
import type { PluginSchema, PluginSettingsSchema } from './schema.ts'
import type { Static } from './type.ts'

/** What holds for a plugin about which the configuration says nothing. */
export const DEFAULT_PLUGIN_SETTINGS: PluginSettings = Object.freeze({
  onError: 'fail',
  timeoutMs: 0,
  optional: false,
  permissions: null,
})

/** The root's `plugin` object with all defaults filled in. */
export function pluginSection(input: Static<typeof PluginSchema>): PluginSection {
  const defaults = settingsOf(input.defaults ?? {}, DEFAULT_PLUGIN_SETTINGS)
  const settings = Object.entries(input.settings ?? {}).map(([name, own]) => [name, settingsOf(own, defaults)] as const)
  return {
    folder: input.folder ?? '',
    pattern: input.pattern ?? '',
    packages: input.packages ?? [],
    settings: Object.fromEntries(settings),
    defaults,
  }
}

/** Tells what of the permissions of plugins cannot be understood. */
export function checkPluginPermissions({ settings = {}, defaults }: Static<typeof PluginSchema>, report: Report): void {
  const places = Object.entries(settings).map(([name, own]) => ({ own, path: ['settings', name] }))
  for (const { own, path } of [...places, { own: defaults, path: ['defaults'] }]) {
    if (own?.permissions !== undefined) checkPermissions(own.permissions, ['plugin', ...path, 'permissions'], report)
  }
}

/** A section with nothing but a folder: for programs and tests. */
export function pluginFolderSection(folder: string, pattern = ''): PluginSection {
  return pluginSection({ folder, pattern })
}

function settingsOf(input: Static<typeof PluginSettingsSchema>, defaults: PluginSettings): PluginSettings {
  return {
    onError: onErrorOf(input.on_error) ?? defaults.onError,
    timeoutMs: input.timeout ?? defaults.timeoutMs,
    optional: input.optional ?? defaults.optional,
    // As a whole: what is not granted in these is denied, whatever those for all plugins grant.
    permissions: input.permissions === undefined ? defaults.permissions : readPermissions(input.permissions),
  }
}

function onErrorOf(input: Static<typeof PluginSettingsSchema>['on_error']): PluginSettings['onError'] | undefined {
  if (input === undefined || typeof input === 'string') return input
  return { status: input.status, headers: input.headers ?? {}, body: input.body ?? '' }
}
