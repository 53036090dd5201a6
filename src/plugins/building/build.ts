import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve, sep } from 'node:path'
import { VERSION } from '../../product.ts'
import type { PluginSection } from '../runtimes/go/plugin-section.ts'
import { BuildFailure } from './build-failure.ts'
import { explain, notComplete } from './explain-failure.ts'
import { goSourcesFolder } from './go-sources.ts'
import { findGo, type GoTool } from './go-tool.ts'
import { inspect } from './inspection.ts'
import { completeModule } from './module-file.ts'
import { addGatewayLibrary, addMain, hideMain, Overlay } from './overlay.ts'
import { type GoPackage, isLocal, isOwn, listPackages } from './packages.ts'
import { appendPluginSection } from './plugin-section-writer.ts'
import { sourceHash } from './source-hash.ts'
import { fromHere } from './source-path.ts'
import { checkContent, checkFiles, contentOf, type PluginContent, warningsOf } from './sources-check.ts'
import { type UsesReport, usesNetwork, usesOf } from './uses.ts'

export interface BuildOptions {
  /** The folder of the plugin's package `main`. */
  readonly folder: string
  /** The file to write, or a folder for it; by default NAME.wasm in the plugin's folder, with the folder's name. */
  readonly out?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Go's program; by default the one on the PATH, or in its usual place. */
  readonly go?: string | undefined
  /** The Go side of the gateway; its own by default. */
  readonly sources?: string
}

export interface BuildReport extends PluginContent {
  /** The absolute path of the file that was written. */
  readonly file: string
  readonly bytes: number
  readonly seconds: number
  /** What the file says about itself. */
  readonly section: PluginSection
  readonly uses: UsesReport
  /** What was built, and may not be what was meant. */
  readonly warnings: readonly string[]
}

/**
 * Compiles the Go sources of a plugin, as they are, to a WebAssembly file that the gateway loads. Nothing is written
 * into the folder but that file.
 * @throws BuildFailure
 */
export async function buildGoPlugin(options: BuildOptions): Promise<BuildReport> {
  const startedAt = performance.now()
  const folder = pluginFolder(options.folder)
  const name = basename(folder)
  const file = outputFile(options.out, folder, name)
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'loligo-build-')))
  try {
    const go = await findGo({ folder, scratch, env: options.env, go: options.go })
    const { module, content, section, uses, warnings } = await compile(
      go,
      folder,
      scratch,
      options.sources ?? goSourcesFolder(),
    )
    const bytes = appendPluginSection(module, section)
    writeWhole(file, bytes)
    const seconds = (performance.now() - startedAt) / 1000
    return { ...content, file, bytes: bytes.length, seconds, section, uses, warnings }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function compile(go: GoTool, folder: string, scratch: string, sources: string) {
  const overlay = new Overlay(scratch)
  addGatewayLibrary(overlay, sources, go.library)
  await completeModule({ go, overlay, folder, sources, scratch })
  const packages = await listPackages(go, overlay, folder)
  const main = packages.at(-1) as GoPackage
  const own = packages.filter(isOwn)
  const broken = packages.filter((each) => each.Error !== undefined)
  const inspection = await inspect(go, sources, [...new Set([...own, ...broken])], main.ImportPath)
  checkFiles(main, inspection, folder)
  const at = { packages, own, inspection, shown: (said: string) => fromHere(said, folder, overlay) }
  if (broken.length > 0) throw notComplete(broken, at)
  checkContent(main, inspection, folder)
  const content = contentOf(inspection)
  const uses = usesOf(inspection, packages, own)
  for (const place of inspection.main) hideMain(overlay, place)
  addMain(overlay, folder, content.variables, usesNetwork(uses, own))
  const output = join(scratch, 'plugin.wasm')
  const args = ['build', ...overlay.flags(), '-trimpath', '-ldflags', '-s -w', '-o', output, '.']
  const { code, stderr } = await go.run(args)
  if (code !== 0) throw explain(stderr, at)
  const section: PluginSection = {
    format: 1,
    name: basename(folder),
    kinds: content.kinds,
    sourceHash: sourceHash(packages.filter(isLocal), go.moduleFile, folder),
    goVersion: go.version,
    module: main.Module?.Path ?? main.ImportPath,
    builtWith: VERSION,
    uses: uses.names,
  }
  const warnings = warningsOf(inspection, content)
  return { module: readFileSync(output), content, section, uses, warnings }
}

function pluginFolder(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return realpathSync(path)
  throw new BuildFailure(`${path} is not a folder`, 'name the folder that holds the Go sources of the plugin')
}

function outputFile(out: string | undefined, folder: string, name: string): string {
  if (out === undefined) return join(folder, `${name}.wasm`)
  const isFolder = out.endsWith(sep) || statSync(out, { throwIfNoEntry: false })?.isDirectory()
  return isFolder ? join(resolve(out), `${name}.wasm`) : resolve(out)
}

/** A gateway that looks at the file meanwhile sees the old one or the new one. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.tmp`
  try {
    writeFileSync(unfinished, bytes)
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    const reason = error instanceof Error ? error.message : String(error)
    throw new BuildFailure(`${file} cannot be written: ${reason}`, 'name a file in a folder that is there with -o')
  }
}
