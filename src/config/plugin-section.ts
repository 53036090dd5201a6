import type { PluginSection, PluginSettings } from './model.ts'
import type { Report } from './report.ts'
import type { PluginSchema, PluginSettingsSchema } from './schema.ts'
import type { Static } from './type.ts'

/** What holds for a plugin about which the configuration says nothing. */
export const DEFAULT_PLUGIN_SETTINGS: PluginSettings = Object.freeze({
  onError: 'fail',
  timeoutMs: 0,
  optional: false,
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

/**
 * Refuses `permissions`, also with `--lenient`: who writes them wants a plugin to be confined, and JavaScript, which runs
 * in the gateway's own threads, cannot be.
 */
export function refusePermissions({ settings = {}, defaults }: Static<typeof PluginSchema>, report: Report): void {
  const places = Object.entries(settings).map(([name, own]) => ({ own, path: ['settings', name] }))
  for (const { own, path } of [...places, { own: defaults, path: ['defaults'] }]) {
    if (own?.permissions === undefined) continue
    report.add({
      code: 'PLUGIN_PERMISSIONS_UNSUPPORTED',
      path: ['plugin', ...path, 'permissions'],
      message: 'permissions hold for WebAssembly plugins only; trusted JavaScript cannot be held to them',
    })
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
  }
}

function onErrorOf(input: Static<typeof PluginSettingsSchema>['on_error']): PluginSettings['onError'] | undefined {
  if (input === undefined || typeof input === 'string') return input
  return { status: input.status, headers: input.headers ?? {}, body: input.body ?? '' }
}
