import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { digestOfFile } from '../shared/digest-of-file.ts'

/** What a gateway is made from. */
export interface Sources {
  /** The configuration, and what it was put together from. */
  readonly files: readonly string[]
  /** The plugin folder; null when there is none. */
  readonly folder: string | null
}

/** What the sources held at a moment. */
export interface SourceState {
  /** Absolute path → what it holds. */
  readonly files: ReadonlyMap<string, SourceFile>
  /** Folders in which something may change, as they are found through links: path → inode. */
  readonly folders: ReadonlyMap<string, bigint>
}

interface SourceFile {
  /** Changes whenever the file system notes a change: then, and only then, the content is worth reading. */
  readonly signature: string
  readonly hash: string
}

/** Packages of a plugin do not change by themselves, and may be very many files. */
const PASSED_OVER = 'node_modules'

/**
 * Looks at all sources. Files that are not there are left out.
 * @param before what they held the last time: files whose time and size are the same are not read again
 */
export async function readSources({ files, folder }: Sources, before: SourceState | null): Promise<SourceState> {
  const state = { files: new Map<string, SourceFile>(), folders: new Map<string, bigint>() }
  for (const file of files) {
    const path = resolve(file)
    await addFile(path, state.files, before)
    await addFolder(dirname(path), state.folders)
    // A mounted ConfigMap: the file is a link into a folder that a link leads to, and that link changes.
    const target = await realpath(path).catch(() => path)
    await addFolder(dirname(target), state.folders)
  }
  if (folder !== null) await addTree(resolve(folder), state, before, new Set())
  return state
}

/** Says which files differ, as `NAME changed`; empty when all hold the same. */
export function describeChanges(before: SourceState, after: SourceState): string[] {
  const changes: string[] = []
  for (const [path, { hash }] of after.files) {
    const known = before.files.get(path)
    if (known === undefined) changes.push(`${path} added`)
    else if (known.hash !== hash) changes.push(`${path} changed`)
  }
  for (const path of before.files.keys()) if (!after.files.has(path)) changes.push(`${path} removed`)
  return changes
}

type OwnState = { readonly files: Map<string, SourceFile>; readonly folders: Map<string, bigint> }

/** @param seen the folders above, as they really are: links may lead in a circle */
async function addTree(folder: string, state: OwnState, before: SourceState | null, seen: Set<string>): Promise<void> {
  const real = await realpath(folder).catch(() => null)
  if (real === null || seen.has(real)) return
  seen.add(real)
  await addFolder(folder, state.folders)
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
  for (const entry of entries) {
    if (isPassedOver(entry.name)) continue
    const path = join(folder, entry.name)
    const found = await statOf(path)
    if (found?.isDirectory()) await addTree(path, state, before, seen)
    else if (found?.isFile()) await addFile(path, state.files, before, found)
  }
}

/** Names with a dot in front are those of editors, versioning and mounts (`..data`); with a tilde behind, old copies. */
function isPassedOver(name: string): boolean {
  return name === PASSED_OVER || name.startsWith('.') || name.endsWith('~')
}

async function addFile(
  path: string,
  files: Map<string, SourceFile>,
  before: SourceState | null,
  found?: BigIntStats,
): Promise<void> {
  const stats = found ?? (await statOf(path))
  if (stats === null) return
  const { ino, size, mtimeNs, ctimeNs } = stats
  const signature = `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  const known = before?.files.get(path)
  if (known?.signature === signature) {
    files.set(path, known)
    return
  }
  const hash = await digestOfFile(path).catch(() => null)
  if (hash !== null) files.set(path, { signature, hash })
}

async function addFolder(path: string, folders: Map<string, bigint>): Promise<void> {
  const found = await statOf(path)
  if (found !== null) folders.set(path, found.ino)
}

async function statOf(path: string): Promise<BigIntStats | null> {
  return await stat(path, { bigint: true }).catch(() => null)
}
