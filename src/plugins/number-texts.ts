import { isPlainObject } from '../config/plain-object.ts'
import { NAMESPACES, type PluginRegistry } from './registry.ts'

/** The kinds that see data. */
const KINDS = ['modifier', 'middleware'] as const

/**
 * Whether some of the plugins that such blocks name see numbers of data as texts, and none sees them otherwise: those
 * would find objects in place of numbers.
 */
export function seeNumberTexts(
  extras: readonly Readonly<Record<string, unknown>>[],
  registry: PluginRegistry,
): boolean {
  let some = false
  for (const extra of extras) {
    for (const kind of KINDS) {
      for (const name of namesOf(extra[NAMESPACES[kind]])) {
        const plugin = registry.find(kind, name)
        if (plugin === undefined || plugin.withoutData?.includes(kind)) continue
        if (!plugin.numberTexts?.includes(kind)) return false
        some = true
      }
    }
  }
  return some
}

function namesOf(block: unknown): string[] {
  const names: unknown = isPlainObject(block) ? block.name : undefined
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
