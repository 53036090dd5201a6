import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BuildFailure } from './build-failure.ts'
import type { GoTool } from './go-tool.ts'
import { importsBelow } from './imports-below.ts'
import type { Overlay } from './overlay.ts'

/** The modules that sources register Martian modifiers with, over the years; their package `register` is one. */
const MARTIAN_MODULES = [
  'github.com/krakend/krakend-martian/v2',
  'github.com/devopsfaith/krakend-martian/v2',
  'github.com/devopsfaith/krakend-martian',
]

/** Where our module for Martian seems to lie: Go notes the path in what it builds, so it must be the same everywhere. */
const MARTIAN_FOLDER = 'zz_loligo_martian'

interface ModFile {
  readonly Require?: readonly { readonly Path: string; readonly Version: string }[] | null
  readonly Replace?: readonly { readonly Old: { readonly Path: string; readonly Version?: string } }[] | null
}

export interface ModuleFileOptions {
  readonly go: GoTool
  readonly overlay: Overlay
  /** The plugin's. */
  readonly folder: string
  /** Those of the gateway. */
  readonly sources: string
  readonly scratch: string
}

/**
 * Lets Go see a `go.mod` where there is none, and our package for the registration of Martian modifiers where the
 * sources import the original. The author's files stay as they are.
 */
export async function completeModule({ go, overlay, folder, sources, scratch }: ModuleFileOptions): Promise<void> {
  const imports = importsBelow(folder)
  const martian = MARTIAN_MODULES.filter((module) => imports.has(`${module}/register`))
  const path = go.moduleFile === '' ? join(folder, 'go.mod') : go.moduleFile
  const root = dirname(path)
  const vendored = martian.filter((module) => existsSync(join(root, 'vendor', module, 'register')))
  for (const module of vendored) replaceVendored(overlay, join(root, 'vendor', module, 'register'), sources)
  const fetched = martian.filter((module) => !vendored.includes(module))
  if (go.moduleFile !== '' && fetched.length === 0) return
  const file = join(scratch, 'go.mod')
  writeFileSync(file, go.moduleFile === '' ? newModule(folder, go.version) : readFileSync(path))
  if (fetched.length > 0) {
    const others = [...imports].some((name) => isForeign(name) && !fetched.includes(name.replace(/\/register$/, '')))
    await edit(go, file, fetched, others)
    for (const [index, module] of fetched.entries()) {
      const virtual = join(root, martianFolder(index))
      if (isImportedBeside(module, imports)) await copyModule(go, overlay, module, virtual)
      else overlay.write(join(virtual, 'go.mod'), `module ${module}\n`)
      overlay.replace(join(virtual, 'register/register.go'), join(sources, 'martian/register.go'))
    }
  }
  overlay.replace(path, file)
}

/** Whether the sources import more of a module than its registration. */
function isImportedBeside(module: string, imports: ReadonlySet<string>): boolean {
  const own = [...imports].filter((name) => name === module || name.startsWith(`${module}/`))
  // The path of one of these modules begins with that of another.
  return own.some((name) => name !== `${module}/register` && !name.startsWith(`${module}/v2`))
}

/** Lets Go see the sources of a module at another path, but for those of its registration. */
async function copyModule(go: GoTool, overlay: Overlay, module: string, virtual: string): Promise<void> {
  const { stdout, stderr } = await go.run(['list', '-m', '-f', '{{.Dir}}', module])
  const folder = stdout.trim()
  if (folder === '') throw new BuildFailure(`${module} is not there`, 'run "go mod download" in the folder', stderr)
  overlay.tree(folder, virtual)
  for (const name of readdirSync(join(folder, 'register'))) overlay.replace(join(virtual, 'register', name), '')
  overlay.replace(join(virtual, 'go.mod'), join(folder, 'go.mod'))
}

function martianFolder(index: number): string {
  return index === 0 ? MARTIAN_FOLDER : `${MARTIAN_FOLDER}${index + 1}`
}

function newModule(folder: string, version: string): string {
  const name =
    basename(folder)
      .replaceAll(/[^A-Za-z0-9_.-]/g, '_')
      .replace(/^[.-]/, '_') || 'plugin'
  const language = /(\d+\.\d+)/.exec(version)?.[1] ?? '1.24'
  return `module ${name}\n\ngo ${language}\n`
}

function replaceVendored(overlay: Overlay, folder: string, sources: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.go')) overlay.replace(join(folder, name), '')
  }
  overlay.replace(join(folder, 'register.go'), join(sources, 'martian/register.go'))
}

/** @param others whether the sources import further modules: else what these would need is of no interest */
async function edit(go: GoTool, file: string, martian: readonly string[], others: boolean): Promise<void> {
  const { Require, Replace } = await readModule(go, file)
  const replaced = (Replace ?? []).filter(({ Old }) => martian.includes(Old.Path))
  const dropped = others ? [] : (Require ?? []).filter(({ Path }) => !martian.includes(Path))
  const missing = martian.filter((module) => !Require?.some(({ Path }) => Path === module))
  const args = [
    ...replaced.map(
      ({ Old: { Path, Version } }) => `-dropreplace=${Path}${Version === undefined ? '' : `@${Version}`}`,
    ),
    ...dropped.map(({ Path }) => `-droprequire=${Path}`),
    ...missing.map((module) => `-require=${module}@v${module.endsWith('/v2') ? 2 : 0}.0.0`),
    ...martian.map((module, index) => `-replace=${module}=./${martianFolder(index)}`),
  ]
  const { code, stderr } = await go.run(['mod', 'edit', ...args, file])
  if (code !== 0) throw new BuildFailure('its go.mod cannot be read', 'see what Go says', stderr)
}

async function readModule(go: GoTool, file: string): Promise<ModFile> {
  const { code, stdout, stderr } = await go.run(['mod', 'edit', '-json', file])
  if (code !== 0) throw new BuildFailure('its go.mod cannot be read', 'see what Go says', stderr)
  return JSON.parse(stdout) as ModFile
}

function isForeign(name: string): boolean {
  return name.split('/')[0]?.includes('.') ?? false
}
