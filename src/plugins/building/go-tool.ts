import { existsSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, sep } from 'node:path'
import { BuildFailure } from './build-failure.ts'
import { type ProgramRun, runProgram } from './run-program.ts'

/** The oldest Go whose standard library the gateway's part of it fits. */
const OLDEST = [1, 24] as const

type Environment = Readonly<Record<string, string | undefined>>

/** Go, as it is found for a folder. */
export interface GoTool {
  /** As Go writes it: `go1.26.8`. */
  readonly version: string
  /** The folder of its standard library's sources. */
  readonly library: string
  /** The module's `go.mod`; empty when there is none in the folder or above it. */
  readonly moduleFile: string
  /** The `go.work` that counts for the folder; empty when none does. */
  readonly workspaceFile: string
  /** Runs a Go command for WebAssembly. */
  run(args: readonly string[]): Promise<ProgramRun>
  /** Runs a program of Go sources on this machine. */
  runHere(files: readonly string[], input: string): Promise<ProgramRun>
}

export interface GoToolOptions {
  /** The folder of the plugin. */
  readonly folder: string
  /** A folder of ours for what must lie somewhere. */
  readonly scratch: string
  readonly env: Environment
  /** Go's program; looked for by default. */
  readonly go?: string | undefined
}

/**
 * Finds Go and asks it about a folder.
 * @throws BuildFailure when there is none, or an old one
 */
export async function findGo({ folder, scratch, env, go }: GoToolOptions): Promise<GoTool> {
  const base = withHome(env)
  const { program, settings } = await ask(go === undefined ? candidates(env) : [go], folder, base)
  const { GOVERSION: version = '', GOROOT: root = '', GOMOD = '', GOWORK = '', GOFLAGS = '' } = settings
  if (isOld(version)) {
    throw new BuildFailure(
      `building a plugin needs Go ${OLDEST.join('.')} or newer, and ${program} is ${version}`,
      GET_GO,
    )
  }
  const forBuild = {
    ...base,
    GOOS: 'wasip1',
    GOARCH: 'wasm',
    GOWASM: '',
    CGO_ENABLED: '0',
    GO111MODULE: 'on',
    GOFLAGS: keptFlags(GOFLAGS),
  }
  const forHere = { ...base, GOOS: '', GOARCH: '', GO111MODULE: 'off', GOFLAGS: '', GOWORK: 'off' }
  const own = toolchain(program, root, settings.GOMODCACHE ?? '', scratch)
  return {
    version,
    library: join(own.root, 'src'),
    moduleFile: GOMOD.endsWith('go.mod') ? GOMOD : '',
    workspaceFile: GOWORK === 'off' ? '' : GOWORK,
    run: (args) => runProgram(own.program, args, { folder, env: { ...forBuild, ...own.env } }),
    runHere: (files, input) =>
      runProgram(own.program, ['run', '-trimpath', ...files], {
        folder: scratch,
        env: { ...forHere, ...own.env },
        input,
      }),
  }
}

const GET_GO =
  "install it from go.dev or with the system's packages; only building a plugin needs it, the gateway does not"

function candidates({ PATH = '', GOROOT = '' }: Environment): readonly string[] {
  const onPath = PATH.split(delimiter).filter((folder) => folder !== '')
  const folders = [...onPath, ...(GOROOT === '' ? [] : [join(GOROOT, 'bin')]), '/usr/local/go/bin']
  return folders.map((folder) => join(folder, 'go')).filter((file) => existsSync(file))
}

async function ask(
  programs: readonly string[],
  folder: string,
  env: Environment,
): Promise<{ readonly program: string; readonly settings: Readonly<Record<string, string>> }> {
  const names = ['GOVERSION', 'GOROOT', 'GOMOD', 'GOWORK', 'GOFLAGS', 'GOMODCACHE']
  let said = ''
  for (const program of programs) {
    try {
      const { code, stdout, stderr } = await runProgram(program, ['env', '-json', ...names], { folder, env })
      if (code === 0) return { program, settings: JSON.parse(stdout) as Record<string, string> }
      said ||= stderr
    } catch {
      said ||= `${program} cannot be run`
    }
  }
  if (said !== '') throw new BuildFailure('Go does not work here', 'see what it says', said)
  throw new BuildFailure(
    `building a plugin needs Go ${OLDEST.join('.')} or newer, and there is no "go" on the PATH`,
    GET_GO,
  )
}

function isOld(version: string): boolean {
  const [, major, minor] = /^(?:devel )?go(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined) return false // a version from its own sources
  return Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])
}

/** Go keeps what it has compiled in the home folder, and does not work without one. */
function withHome(env: Environment): Environment {
  const { GOROOT: _, ...rest } = env // Go knows its own; a wrong one breaks it
  return { ...rest, HOME: env.HOME ?? homedir() }
}

/** Tags decide which files belong to the plugin; other flags could write into the author's folder. */
function keptFlags(flags: string): string {
  const kept = flags.split(/\s+/).filter((flag) => /^--?(?:tags=|mod=vendor$)/.test(flag))
  return [...kept, '-buildvcs=false'].join(' ')
}

/**
 * A toolchain that Go has fetched lies among the modules, where no file may be replaced: it is used by a link from
 * elsewhere.
 */
function toolchain(program: string, root: string, modules: string, scratch: string) {
  if (modules === '' || !root.startsWith(modules + sep)) return { program, root, env: {} }
  const link = join(scratch, 'goroot')
  symlinkSync(root, link)
  return { program: join(link, 'bin/go'), root: link, env: { GOROOT: link, GOTOOLCHAIN: 'local' } }
}
