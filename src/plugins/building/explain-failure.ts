import { BuildFailure } from './build-failure.ts'
import type { Inspection } from './inspection.ts'
import type { GoPackage } from './packages.ts'
import { shownPlace } from './source-path.ts'
import { withCgo } from './sources-check.ts'

export interface FailureSurroundings {
  /** All that the plugin consists of. */
  readonly packages: readonly GoPackage[]
  readonly own: readonly GoPackage[]
  readonly inspection: Inspection
  /** What Go says, as people read it. */
  readonly shown: (output: string) => string
}

/** The packages that hold what systems offer below Go. */
const SYSTEM_NAME = /undefined: ((?:syscall|unix|windows|user)\.\w+)/

/** Why the compiler failed, with its own words. */
export function explain(output: string, { packages, own, inspection, shown }: FailureSurroundings): BuildFailure {
  const said = shown(output)
  const cgo = inspection.special.find(({ path, built }) => path === 'C' && !built)
  for (const { path, errors } of failedPackages(output)) {
    const failed = packages.find(({ ImportPath }) => ImportPath === path)
    if (failed === undefined || own.includes(failed)) continue
    const lacks = SYSTEM_NAME.exec(errors)?.[1]
    const why = lacks === undefined ? '' : `: it needs ${lacks}, which there is not`
    return new BuildFailure(
      `${path}, which ${importerOf(failed, packages)} imports, does not compile for WebAssembly${why}`,
      otherModule(failed),
      said,
    )
  }
  if (cgo !== undefined) return withCgo(cgo, said)
  const [lacks] = /^.*undefined: (?:syscall|unix|windows|user)\.\w+/m.exec(said) ?? []
  const name = lacks === undefined ? undefined : SYSTEM_NAME.exec(lacks)?.[1]
  if (name !== undefined) {
    return new BuildFailure(
      `the sources need ${name}, which WebAssembly does not have`,
      'do without it, or keep it in a file with the constraint //go:build !wasip1',
      said,
    )
  }
  return new BuildFailure('the sources do not compile', 'correct what Go names above', said)
}

/** The packages that the compiler could not compile: each begins with a line `# PATH`. */
function failedPackages(output: string): readonly { readonly path: string; readonly errors: string }[] {
  return output.split(/^# /m).flatMap((part) => {
    const [, path, errors] = /^(\S+)[^\n]*\n([\s\S]*)$/.exec(part) ?? []
    return path === undefined || errors === undefined ? [] : [{ path, errors }]
  })
}

/** The package that is to blame for a package's being there, the plugin's own before others. */
export function importerOf({ ImportPath }: GoPackage, packages: readonly GoPackage[]): string {
  const importers = packages.filter(({ Imports = [] }) => Imports.includes(ImportPath))
  const importer = importers.find(({ Module }) => Module?.Main) ?? importers[0]
  return importer?.ImportPath ?? 'the plugin'
}

/** What to do about a package of others that cannot be used. */
export function otherModule({ Module, ImportPath }: GoPackage): string {
  const name = Module?.Path ?? ImportPath
  return `use another version of ${name}, or another module that is written in Go alone`
}

/** Packages that are not there, or have nothing for WebAssembly, with Go's words. */
export function notComplete(
  broken: readonly GoPackage[],
  { packages, own, inspection, shown }: FailureSurroundings,
): BuildFailure {
  const said = shown(broken.map(errorText).join('\n'))
  const excluded = broken.find((each) => !own.includes(each) && /build constraints exclude all/.test(errorText(each)))
  if (excluded !== undefined) {
    const cgo = inspection.special.find(({ path, file }) => path === 'C' && file.startsWith(`${excluded.Dir}/`))
    const why =
      cgo === undefined ? 'has no files for WebAssembly' : `needs cgo (${shownPlace(cgo)}), which there is not`
    return new BuildFailure(
      `${excluded.ImportPath}, which ${importerOf(excluded, packages)} imports, ${why}`,
      otherModule(excluded),
      said,
    )
  }
  if (broken.some((each) => own.includes(each) && each.Module !== undefined && isSyntax(each))) {
    return new BuildFailure('the sources do not compile', 'correct what Go names above', said)
  }
  if (/no required module provides/.test(said)) {
    const remedy = 'run "go mod tidy" in the folder, after "go mod init NAME" where there is no go.mod'
    return new BuildFailure('the plugin imports packages that no go.mod names', remedy, said)
  }
  if (/missing go\.sum entry/.test(said)) {
    return new BuildFailure('the go.sum of the plugin is not complete', 'run "go mod tidy" in the folder', said)
  }
  return new BuildFailure('not all packages that the plugin imports can be had', 'do what Go says above', said)
}

function errorText({ Error: error }: GoPackage): string {
  return error === undefined ? '' : `${error.Pos ? `${error.Pos}: ` : ''}${error.Err}`
}

/** Of a package that is there, whatever is wrong is in its own text. */
function isSyntax({ Error: error }: GoPackage): boolean {
  return (
    error !== undefined &&
    !/no required module|missing go\.sum|cannot find (?:module|package)|is not in std/.test(error.Err)
  )
}
