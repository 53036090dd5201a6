import { resolve } from 'node:path'
import { parseByteSize } from './byte-size.ts'
import { parseHostPattern } from './host-pattern.ts'
import type { PluginSettings } from './model.ts'
import { nearest } from './nearest.ts'
import { isCommentKey, type Path } from './path.ts'
import type { Permissions } from './permissions.ts'
import { type PermissionsInput, PermissionsSchema } from './permissions-schema.ts'
import type { Report } from './report.ts'

/** Most memory of a WebAssembly plugin for which none is configured, in bytes: 512 MiB. */
export const DEFAULT_PLUGIN_MEMORY_BYTES = 512 * 2 ** 20
/** How long a WebAssembly plugin may compute without a pause when no time is configured, in milliseconds. */
export const DEFAULT_PLUGIN_TIME_MS = 2000
/** Less is too little for a plugin to start with, in bytes: 16 MiB. */
export const LEAST_PLUGIN_MEMORY_BYTES = 16 * 2 ** 20
/** More cannot be addressed, in bytes: 4 GiB. */
export const MOST_PLUGIN_MEMORY_BYTES = 2 ** 32

/** For plugins about which the configuration says nothing: as a native plugin, but for memory and time. */
export const ALL_GRANTED: Permissions = Object.freeze({
  hosts: null,
  env: null,
  files: null,
  memoryBytes: DEFAULT_PLUGIN_MEMORY_BYTES,
  timeMs: DEFAULT_PLUGIN_TIME_MS,
})

/** What a plugin with these settings may do. */
export function permissionsOf(settings: Pick<PluginSettings, 'permissions'> | null): Permissions {
  return settings?.permissions ?? ALL_GRANTED
}

/**
 * The configured permissions: what is not granted is denied, and `*` grants all. Paths are relative to the working
 * directory. What is malformed grants nothing; `checkPermissions` tells it.
 */
export function readPermissions(input: PermissionsInput): Permissions {
  const files = filesOf(input)
  return {
    hosts: allOrSome(input.hosts),
    env: allOrSome(input.env),
    files: { read: files.read.map((path) => resolve(path)), write: files.write.map((path) => resolve(path)) },
    memoryBytes: memoryOf(input.memory) ?? DEFAULT_PLUGIN_MEMORY_BYTES,
    timeMs: input.time || DEFAULT_PLUGIN_TIME_MS,
  }
}

/**
 * Tells what of permissions cannot be understood, also with `--lenient`: who writes them wants a plugin to be confined.
 * @param path where they stand
 */
export function checkPermissions(input: PermissionsInput, path: Path, report: Report): void {
  checkKeys(input, Object.keys(PermissionsSchema.properties), path, report)
  for (const [index, host] of (input.hosts ?? []).entries()) {
    if (host === undefined || host === '*' || parseHostPattern(host) !== null) continue
    const remedy = 'Write a name, *.name, an address or a network such as 10.0.0.0/8, each with or without a port.'
    invalid([...path, 'hosts', index], `${JSON.stringify(host)} is no host`, remedy, report)
  }
  for (const [index, name] of (input.env ?? []).entries()) {
    if (name === undefined || /^[^=*\0]+\*?$|^\*$/.test(name)) continue
    const remedy = 'Write the name of a variable, NAME_* for all that begin so, or "*" for all.'
    invalid([...path, 'env', index], `${JSON.stringify(name)} is no variable`, remedy, report)
  }
  checkFiles(input.files, [...path, 'files'], report)
  checkMemory(input.memory, [...path, 'memory'], report)
  if (input.time === 0) {
    const remedy = 'Write a duration such as "2s"; every plugin has a limit.'
    invalid([...path, 'time'], 'a plugin with no time can do nothing', remedy, report)
  }
}

function checkFiles(files: PermissionsInput['files'], path: Path, report: Report): void {
  if (files === undefined) return
  if (Array.isArray(files)) checkPaths(files, path, report)
  else {
    checkKeys(files, ['read', 'write'], path, report)
    checkPaths(files.read ?? [], [...path, 'read'], report)
    checkPaths(files.write ?? [], [...path, 'write'], report)
  }
}

function checkPaths(paths: readonly (string | undefined)[], path: Path, report: Report): void {
  for (const [index, file] of paths.entries()) {
    if (file === undefined || !/^$|[*\0]|^~/.test(file)) continue
    const remedy = 'Write the path of a file or a folder; a folder stands for all below it, and there are no patterns.'
    invalid([...path, index], `${JSON.stringify(file)} is no path`, remedy, report)
  }
}

function checkMemory(memory: string | number | undefined, path: Path, report: Report): void {
  if (memory === undefined) return
  const remedy = 'Write a size from 16MB to 4GB, such as "256MB", or a number of bytes.'
  const parsed = typeof memory === 'number' ? { bytes: memory } : parseByteSize(memory)
  if ('error' in parsed) invalid(path, `invalid size ${JSON.stringify(memory)}: ${parsed.error}`, remedy, report)
  else if (!(parsed.bytes >= LEAST_PLUGIN_MEMORY_BYTES)) invalid(path, `${memory} is too little memory`, remedy, report)
  else if (parsed.bytes > MOST_PLUGIN_MEMORY_BYTES) invalid(path, `${memory} is more than can be had`, remedy, report)
}

/** A key that nobody reads may be meant to grant or to deny: it must not be passed over. */
function checkKeys(input: object, known: readonly string[], path: Path, report: Report): void {
  for (const key of Object.keys(input)) {
    if (known.includes(key) || isCommentKey(key)) continue
    const meant = nearest(key, known, 0.4)
    const remedy = meant === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${JSON.stringify(meant)}?`
    const message = `the key ${JSON.stringify(key)} is not known here`
    report.add({ code: 'CONFIG_UNKNOWN_KEY', path: [...path, key], message, remedy })
  }
}

function invalid(path: Path, message: string, remedy: string, report: Report): void {
  report.add({ code: 'CONFIG_INVALID_VALUE', path, message, remedy })
}

/** What has been reported leaves a hole in a list. */
function given(list: readonly (string | undefined)[] = []): readonly string[] {
  return list.filter((entry) => entry !== undefined)
}

function allOrSome(list: readonly (string | undefined)[] | undefined): readonly string[] | null {
  const some = given(list)
  return some.includes('*') ? null : some
}

function filesOf({ files = [] }: PermissionsInput): { read: readonly string[]; write: readonly string[] } {
  if (Array.isArray(files)) return { read: given(files), write: [] }
  return { read: given(files.read), write: given(files.write) }
}

function memoryOf(memory: string | number | undefined): number | undefined {
  if (typeof memory === 'number') return Math.floor(memory)
  if (memory === undefined) return undefined
  const parsed = parseByteSize(memory)
  return 'bytes' in parsed ? parsed.bytes : undefined
}
