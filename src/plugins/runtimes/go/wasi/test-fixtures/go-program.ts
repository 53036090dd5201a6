import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Permissions } from '../../../../../config/permissions.ts'
import { DescriptorTable } from '../descriptor.ts'
import { fileImports, openStandardStreams } from '../files.ts'
import { GuestMemory } from '../guest-memory.ts'
import type { GuestSystem } from '../guest-system.ts'
import { createPoller } from '../poll.ts'
import { GuestExit, processImports } from '../process.ts'
import { socketImports } from '../sockets.ts'

const run = promisify(execFile)
const STD = resolve(import.meta.dirname, '../../../../../../go/std')
const MEMORY_BYTES = 2 ** 28

/** A reason why no Go program can be built here; null when it can. */
export async function whyNoGo(): Promise<string | null> {
  try {
    await run('go', ['env', 'GOROOT'])
    return null
  } catch {
    return 'there is no "go" on the PATH'
  }
}

/** Builds the program in a folder beside this file, with the gateway's part of Go's standard library. */
export async function buildGoProgram(name: string): Promise<WebAssembly.Module> {
  const source = join(import.meta.dirname, name)
  const target = await mkdtemp(join(tmpdir(), 'loligo-go-'))
  try {
    const { stdout } = await run('go', ['env', 'GOROOT', 'GOMODCACHE'], { cwd: source })
    const [installed = '', cache = ''] = stdout.split('\n')
    // Files of a Go that was downloaded as a module may not be replaced, unless they are reached by another path.
    const root = installed.startsWith(`${cache}/`) ? join(target, 'go') : installed
    if (root !== installed) await symlink(installed, root)
    const overlay: Record<string, string> = {}
    for (const file of await readdir(STD, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue
      const path = join(file.parentPath, file.name)
      overlay[join(root, 'src', relative(STD, path))] = path
    }
    await writeFile(join(target, 'overlay.json'), JSON.stringify({ Replace: overlay }))
    const output = join(target, 'program.wasm')
    await run(
      join(root, 'bin/go'),
      ['build', '-trimpath', '-overlay', join(target, 'overlay.json'), '-o', output, '.'],
      {
        cwd: source,
        env: {
          ...process.env,
          GOROOT: root,
          GOTOOLCHAIN: 'local',
          GOOS: 'wasip1',
          GOARCH: 'wasm',
          GOFLAGS: '-mod=mod',
        },
      },
    )
    return await WebAssembly.compile(await readFile(output))
  } finally {
    await rm(target, { recursive: true, force: true })
  }
}

/** How a program ran. */
export interface GoRun {
  readonly code: number
  readonly output: string
  /** What it asked for and was not granted. */
  readonly denied: readonly string[]
  /** Descriptors that it had open at its end, beside the standard ones. */
  readonly open: number
}

export interface GoRunOptions {
  readonly hosts?: Permissions['hosts']
  readonly files?: Permissions['files']
  /** Told each line that it prints. */
  readonly line?: (line: string) => void
}

/** Runs a program to its end, in this thread. */
export async function runGoProgram(
  module: WebAssembly.Module,
  args: readonly string[],
  { hosts = null, files = null, line = () => {} }: GoRunOptions = {},
): Promise<GoRun> {
  const memory = new GuestMemory()
  const descriptors = new DescriptorTable()
  const denied: string[] = []
  const system: GuestSystem = {
    memory,
    descriptors,
    permissions: { hosts, files, env: [], memoryBytes: MEMORY_BYTES, timeMs: 10_000 },
    wake: () => poller.wake(),
    denied: (grant, what) => denied.push(`${grant} ${what}`),
  }
  const poller = createPoller(system, { waits: () => {}, goesOn: () => {} })
  let output = ''
  const print = (bytes: Uint8Array): void => {
    const text = Buffer.from(bytes).toString()
    output += text
    for (const part of text.split('\n')) if (part !== '') line(part)
  }
  openStandardStreams(descriptors, { out: print, err: print })
  const process = processImports(system, {
    args: ['program', ...args],
    env: { PWD: '/' },
    exit: (code) => {
      throw new GuestExit(code)
    },
  })
  const imports = {
    wasi_snapshot_preview1: {
      ...process,
      ...fileImports(system),
      poll_oneoff: new WebAssembly.Suspending(poller.poll),
    },
    loligo: socketImports(system),
  }
  const standard = descriptors.size
  const { exports } = await WebAssembly.instantiate(module, imports)
  memory.bind(exports.memory as WebAssembly.Memory)
  try {
    await WebAssembly.promising(exports._start)()
    return { code: 0, output, denied, open: descriptors.size - standard }
  } catch (error) {
    if (!(error instanceof GuestExit)) throw error
    return { code: error.code, output, denied, open: descriptors.size - standard }
  } finally {
    descriptors.closeAll()
  }
}
