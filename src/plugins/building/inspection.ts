import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BuildFailure } from './build-failure.ts'
import type { GoTool } from './go-tool.ts'
import type { GoPackage } from './packages.ts'

/** Where something stands in the sources. */
export interface SourcePlace {
  /** The absolute path. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** In bytes from the beginning of the file. */
  readonly offset: number
}

/** A package-level name that the gateway looks for. */
export interface SymbolFound extends SourcePlace {
  readonly name: string
  readonly kind: 'var' | 'func' | 'type' | 'const'
}

/** Something that the sources seem to use. */
export interface UseFound extends SourcePlace {
  /** A `client` may call any host. */
  readonly what: 'host' | 'client' | 'env' | 'file' | 'exec' | 'martian'
  /** Empty when it is computed. */
  readonly name: string
  /** The function that is called; empty for a URL that just stands there. */
  readonly call: string
}

export interface SpecialImport extends SourcePlace {
  readonly path: string
  /** False in a file that build constraints leave out. */
  readonly built: boolean
}

/** What the inspector of `go/inspect` reports. */
export interface Inspection {
  readonly symbols: readonly SymbolFound[]
  /** The main functions: one, or none. */
  readonly main: readonly SourcePlace[]
  readonly martian: readonly UseFound[]
  readonly pluginOpen: readonly SourcePlace[]
  /** Imports of `C`, `plugin` and `unsafe`. */
  readonly special: readonly SpecialImport[]
  readonly uses: readonly UseFound[]
}

/** Looks at the sources without compiling them. */
export async function inspect(
  go: GoTool,
  sources: string,
  packages: readonly GoPackage[],
  main: string,
): Promise<Inspection> {
  const folder = join(sources, 'inspect')
  const files = readdirSync(folder).filter((name) => name.endsWith('.go'))
  const input = {
    main,
    packages: packages.map(({ ImportPath, Dir, GoFiles = [], IgnoredGoFiles = [] }) => ({
      path: ImportPath,
      dir: Dir,
      files: GoFiles,
      ignored: IgnoredGoFiles,
    })),
  }
  const paths = files.map((name) => join(folder, name))
  const { code, stdout, stderr } = await go.runHere(paths, JSON.stringify(input))
  if (code !== 0) throw new BuildFailure('the sources cannot be looked at', 'see what Go says', stderr)
  return JSON.parse(stdout) as Inspection
}
