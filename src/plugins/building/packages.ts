import { existsSync } from 'node:fs'
import { sep } from 'node:path'
import { BuildFailure } from './build-failure.ts'
import type { GoTool } from './go-tool.ts'
import type { Overlay } from './overlay.ts'
import { fromHere } from './source-path.ts'

/** A package that a plugin consists of, as `go list` tells it; keys that have nothing to tell are left out there. */
export interface GoPackage {
  readonly ImportPath: string
  readonly Dir?: string
  /** Its name in the sources; empty when it has none. */
  readonly Name?: string
  readonly Standard?: boolean
  readonly DepOnly?: boolean
  readonly GoFiles?: readonly string[]
  readonly IgnoredGoFiles?: readonly string[]
  readonly SFiles?: readonly string[]
  readonly EmbedFiles?: readonly string[]
  readonly Imports?: readonly string[]
  readonly Module?: {
    readonly Path: string
    readonly Main?: boolean
    readonly Dir?: string
    readonly Replace?: { readonly Version?: string }
  }
  readonly Error?: { readonly Err: string; readonly Pos?: string }
}

const FIELDS = [
  'ImportPath',
  'Dir',
  'Name',
  'Standard',
  'DepOnly',
  'GoFiles',
  'IgnoredGoFiles',
  'SFiles',
  'EmbedFiles',
  'Imports',
  'Module',
  'Error',
]

/** All packages of a plugin, those that it imports first; the last one is its own. */
export async function listPackages(go: GoTool, overlay: Overlay, folder: string): Promise<readonly GoPackage[]> {
  const { stdout, stderr } = await go.run(['list', '-e', '-deps', ...overlay.flags(), `-json=${FIELDS.join(',')}`, '.'])
  // One object after the other, each with its braces at the beginning of a line.
  const objects = stdout.split(/^(?=\{)/m).filter((text) => text.trim() !== '')
  const packages = objects.map((text) => JSON.parse(text) as GoPackage)
  if (packages.length === 0)
    throw new BuildFailure('Go cannot read the module', 'do what it says above', fromHere(stderr, folder, overlay))
  return packages
}

/** Whether the sources of a package belong to the author of the plugin, and not to a module of another. */
export function isOwn(each: GoPackage): boolean {
  return isLocal(each) && !isVendored(each)
}

/** Whether they lie with the author's, vendored ones among them: nothing else fixes what is in them. */
export function isLocal(each: GoPackage): boolean {
  const { Standard = false, Dir, Module } = each
  if (Standard || Dir === undefined || !existsSync(Dir)) return false // what is not there, we have put in place
  if (Module === undefined || Module.Main === true || isVendored(each)) return true
  return Module.Replace !== undefined && !Module.Replace.Version
}

function isVendored({ Dir = '' }: GoPackage): boolean {
  return Dir.split(sep).includes('vendor')
}
