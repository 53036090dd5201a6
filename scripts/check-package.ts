// Packs the package as it would be published, installs it in an empty folder and uses it there as users would: from the
// command line, with plugins, in a program, and in TypeScript. Needs `npm run build` before.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

const SHIPPED =
  /^(bin\/loligo\.js|dist\/(LICENSES\.txt|[\w-]+\.js|types\/.*\.d\.ts)|go\/(bridge|inspect|martian|std)\/.*\.(go|json|md)|package\.json|[A-Z]+(\.md)?)$/

const PROGRAM = `
import { buildGateway, Context, features, HttpRequest, loadConfigObject } from 'loligo'
import { HttpError, Type } from 'loligo/plugin'
import { createClock, createTestGateway } from 'loligo/testing'
const { config } = await loadConfigObject({ version: 3, endpoints: [] }, { features })
const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {}, tagged: () => log }
const gateway = await buildGateway(config, { log, accessLog: null })
await gateway.close()
if (![Context, HttpRequest, HttpError, Type.Object, createClock, createTestGateway].every((value) => typeof value === 'function')) process.exit(1)
`

const TYPED = `
import { buildGateway, features, type Gateway, loadConfigObject, type Logger } from 'loligo'
import { definePlugin, HttpError, type Static, Type } from 'loligo/plugin'
import { createTestGateway, type TestGateway, type Upstreams } from 'loligo/testing'

const options = Type.Object({ word: Type.String(), times: Type.Optional(Type.Integer({ minimum: 1 })) })
type Options = Static<typeof options>
const valid: Options = { word: 'w' }
// @ts-expect-error a word is a text
const invalid: Options = { word: 1 }

export const plugin = definePlugin({
  name: 'typed',
  options,
  server: ({ word, times = 1 }, { log }) => (next) => async (request, context) => {
    log.info(word.repeat(times))
    // @ts-expect-error there is no such option
    if (request.headers.get('x-word') === options.other) throw new HttpError(403, 'no')
    return await next(request, context)
  },
})

const upstreams: Upstreams = { 'http://a.test': { 'GET /{id}': ({ params }) => ({ json: { id: params.id } }) } }
// @ts-expect-error an answer has no such key
const wrong: Upstreams = { 'http://a.test': { stauts: 200 } }

export async function double(): Promise<TestGateway> {
  return await createTestGateway({ config: {}, plugins: [plugin], upstreams: { ...upstreams, ...wrong } })
}

export async function embed(log: Logger): Promise<Gateway | null> {
  const { config } = await loadConfigObject({ version: 3, note: [valid, invalid] }, { features })
  return config === null ? null : await buildGateway(config, { log, accessLog: null })
}
`

const TSCONFIG = {
  compilerOptions: {
    target: 'esnext',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['typed.ts'],
}

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'loligo-package-'))
/** Outside of the folder with the installed package. */
const elsewhere = mkdtempSync(join(tmpdir(), 'loligo-elsewhere-'))
const loligo = join(folder, 'node_modules/loligo/bin/loligo.js')
const example = join(root, 'examples/getting-started')

try {
  install()
  step('the version', run(process.execPath, [loligo, 'version'], folder).trim())
  step('a configuration with plugins', run(process.execPath, [loligo, 'check', '-c', 'krakend.json'], example).trim())
  step('what is wrong, with its place', complaint())
  step('the gateway', await serve())
  step('a program that embeds it', embed())
  step('new plugins, where nothing is installed', newPlugins(elsewhere, []))
  step('new plugins beside the package', newPlugins(join(folder, 'plugins'), [plainTests, compiled]))
  step('TypeScript, libraries checked too', typecheck())
  step('a plugin in Go', goPlugin(elsewhere))
} finally {
  for (const made of [folder, elsewhere]) rmSync(made, { recursive: true, force: true })
}

function install(): void {
  const packed = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  // npm 12 gives an object by package name, those before a list.
  const [{ filename, files, unpackedSize }] = Object.values(packed) as [Packed]
  const foreign = files.filter(({ path }) => !SHIPPED.test(path))
  if (foreign.length > 0) fail(`these do not belong into the package: ${foreign.map(({ path }) => path).join(', ')}`)
  step('what is packed', `${files.length} files, ${Math.round(unpackedSize / 1000)} kB`)
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
  const tarball = join(folder, filename)
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], folder)
}

function complaint(): string {
  writeFileSync(join(folder, 'broken.json'), '{\n  "version": 3,\n  "port": true,\n}\n')
  const { status, stderr } = spawnSync(process.execPath, [loligo, 'check', '-c', 'broken.json'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 1 || !stderr.includes('broken.json:4:1:')) fail(`expected an error at 4:1, got ${status}: ${stderr}`)
  return 'broken.json:4:1'
}

async function serve(): Promise<string> {
  const args = [loligo, 'run', '-c', 'krakend.json', '-p', '0', '--threads', '2']
  const child = spawn(process.execPath, args, { cwd: example, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  let port: string | undefined
  while (port === undefined) {
    await Promise.race([once(child.stdout, 'data'), exited])
    port = /Listening on port: (\d+)/.exec(output)?.[1]
    if (child.exitCode !== null) fail(`it did not listen: ${output}`)
  }
  const { status } = await fetch(`http://127.0.0.1:${port}/__health`)
  child.kill('SIGTERM')
  const [code] = await exited
  if (status !== 200 || code !== 0) fail(`/__health answered ${status}, the end was ${code}`)
  return `listens, answers ${status}, ends with ${code}`
}

function embed(): string {
  writeFileSync(join(folder, 'embed.js'), PROGRAM)
  run(process.execPath, ['embed.js'], folder)
  return 'works'
}

/** Begins a plugin of each kind and language, runs its tests by the command, and whatever else there is to check. */
function newPlugins(parent: string, more: readonly ((plugin: string) => void)[]): string {
  let made = 0
  for (const kind of ['server', 'modifier', 'middleware', 'client']) {
    for (const language of ['ts', 'js']) {
      const name = `new-${kind}-${language}`
      run(process.execPath, [loligo, 'plugin', 'init', kind, name, '-l', language, '--dir', parent], folder)
      run(process.execPath, [loligo, 'plugin', 'test', name], parent)
      for (const check of more) check(join(parent, name))
      made++
    }
  }
  return `${made} work`
}

/** Builds a new plugin in Go with the Go side that the package brings, and loads it. */
function goPlugin(parent: string): string {
  if (spawnSync('go', ['version']).error !== undefined) return 'left out, for there is no Go on this machine'
  run(process.execPath, [loligo, 'plugin', 'init', 'server', 'new-in-go', '-l', 'go', '--dir', parent], folder)
  const plugin = join(parent, 'new-in-go')
  run(process.execPath, [loligo, 'plugin', 'build', '.'], plugin)
  run(process.execPath, [loligo, 'check', '-c', 'krakend.json'], plugin)
  return 'works'
}

/** The installed package is found as any other is. */
function plainTests(plugin: string): void {
  run(process.execPath, ['--test'], plugin)
}

function compiled(plugin: string): void {
  linkTypes()
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], plugin)
}

function typecheck(): string {
  writeFileSync(join(folder, 'typed.ts'), TYPED)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  linkTypes()
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder)
  return 'clean'
}

function linkTypes(): void {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) {
    const link = join(folder, 'node_modules', name)
    if (!existsSync(link)) symlinkSync(join(root, 'node_modules', name), link)
  }
}

function run(program: string, args: string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status === 0) return stdout + (program === 'npm' ? '' : stderr)
  return fail(`${program} ${args.join(' ')}\n${stdout}${stderr}`)
}

function step(what: string, result: string): void {
  console.log(`${what}: ${result}`)
}

function fail(reason: string): never {
  throw new Error(reason)
}
