import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startUpstream } from '../examples/getting-started/upstream.ts'
import { run } from '../src/cli/run.ts'
import { formatDiagnostic, loadConfig } from '../src/config/load.ts'
import { NAMESPACES } from '../src/config/namespaces.ts'
import { buildGateway } from '../src/gateway/build.ts'
import { features } from '../src/gateway/pipeline.ts'
import { buildGoPlugin } from '../src/plugins/building/build.ts'
import { listen } from '../src/server/listen.ts'
import { request } from './support/client.ts'
import { type DocumentedExample, examplesIn, writeExample } from './support/documented-examples.ts'
import { withoutGo } from './support/go-plugin.ts'
import { recordingLog } from './support/recording-log.ts'

const root = join(import.meta.dirname, '..')
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/**/*.md'], { cwd: root })
const textOf = (page: string) => readFileSync(join(root, page), 'utf8')
const examples = pages.flatMap((page) => examplesIn(textOf(page)))

describe('the examples of the documentation', () => {
  test('there is one on each page that promises it', () => {
    const names = examples.map(({ name }) => name).sort()
    assert.deepEqual(names, [
      'api-keys',
      'basic-auth',
      'bot-detector',
      'circuit-breaker',
      'client',
      'client-credentials',
      'client-tls',
      'cors',
      'endpoint-server',
      'errors',
      'first-plugin',
      'from-krakend',
      'getting-started',
      'go',
      'http-cache',
      'ip-filter',
      'jwt-signing',
      'jwt-validation',
      'middleware',
      'modifier',
      'own',
      'rate-limits',
      'revocation',
      'security-headers',
      'server',
      'tools',
    ])
    for (const { name, tries } of examples) assert.ok(tries.length > 0, `nothing is tried of ${name}`)
  })

  test('the plugins fit the types', (t) => {
    const folder = temporaryFolder(t)
    for (const example of examples) writeExample(example, join(folder, example.name))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const compilerOptions = { rootDir: '/', typeRoots: [join(root, 'node_modules/@types')] }
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { error, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.equal(error, undefined)
    const ofExamples = stdout.split('\n').filter((line) => /^[\w-]+\/plugins\//.test(line) || line.startsWith('error'))
    assert.deepEqual(ofExamples, [])
  })

  for (const example of examples) {
    const builds = goFoldersOf(example).length > 0 ? { skip: withoutGo, timeout: 300_000 } : {}
    test(`${example.name} answers what its page shows`, builds, async (t) => {
      const port = await serveExample(t, example)
      for (const { command, target, headers, status, fields, body } of example.tries) {
        const answer = await request(port, target, { headers })
        assert.equal(answer.body.trimEnd(), body, command)
        if (status !== null) assert.equal(answer.status, status, command)
        for (const [name, value] of fields) assert.equal(answer.header(name), value, `${command}: ${name}`)
      }
    })
  }
})

/** Runs an example in its own folder, in front of the demo upstream; resolves to its port. */
async function serveExample(t: TestContext, example: DocumentedExample): Promise<number> {
  const folder = example.files.length === 0 ? join(root, 'examples', example.name) : temporaryFolder(t)
  const upstream = await startUpstream(0)
  t.after(() => {
    upstream.close()
    upstream.closeAllConnections()
  })
  const host = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const files = example.files.map(({ path, text }) => ({ path, text: text.replaceAll('http://127.0.0.1:8081', host) }))
  writeExample({ ...example, files }, folder)
  for (const name of goFoldersOf(example)) await buildInto(join(folder, 'plugins'), join(folder, name))
  const before = process.cwd()
  t.after(() => process.chdir(before))
  process.chdir(folder)
  const env = { KRAKEND_HOST: host }
  const { config, diagnostics } = await loadConfig({ file: 'krakend.json', features, env })
  assert.deepEqual(diagnostics.map(formatDiagnostic), [])
  assert.ok(config !== null)
  const log = recordingLog()
  const gateway = await buildGateway(config, { log, accessLog: null })
  t.after(() => gateway.close())
  const listener = await listen(gateway, { port: 0, host: '127.0.0.1', reusePort: false }, log)
  t.after(() => listener.destroy())
  return listener.port
}

/** The folders of an example that hold the sources of a Go plugin. */
function goFoldersOf({ files }: DocumentedExample): string[] {
  return files.flatMap(({ path }) => (basename(path) === 'go.mod' ? [dirname(path)] : []))
}

async function buildInto(plugins: string, folder: string): Promise<void> {
  mkdirSync(plugins, { recursive: true })
  await buildGoPlugin({ folder, out: plugins, env: process.env })
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-documentation-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('every link within the repository leads somewhere', () => {
  const broken: string[] = []
  let links = 0
  for (const page of pages) {
    const text = textOf(page).replaceAll(/^```[\s\S]*?^```/gm, '')
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      links++
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? join(root, page) : resolve(root, dirname(page), path)
      const exists = statSync(target, { throwIfNoEntry: false }) !== undefined
      if (!exists || (anchor !== undefined && !anchorsOf(target).has(anchor))) broken.push(`${page}: ${link}`)
    }
  }
  assert.deepEqual(broken, [])
  assert.ok(links > 30, 'the links are recognised')
})

/** The anchors that a page's headings get on code hosting sites. */
function anchorsOf(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)
  const toAnchor = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  return new Set(Array.from(headings, ([, heading = '']) => toAnchor(heading)))
}

test('the table of what is compatible says what the code says', () => {
  const table = /## What is compatible[\s\S]*?(?=^## )/m.exec(textOf('README.md'))?.[0] ?? ''
  const implemented = new Set(features.map(({ namespace }) => namespace))
  const works: string[] = []
  for (const row of table.split('\n').filter((line) => line.startsWith('| '))) {
    const [, , present = '', absent = ''] = row.split('|')
    for (const name of namespacesIn(present)) {
      assert.ok(implemented.has(name), `${name} is said to work`)
      works.push(name)
    }
    for (const name of namespacesIn(absent)) {
      assert.ok(NAMESPACES.has(name), `${name} is not known`)
      assert.ok(!implemented.has(name), `${name} is said to be missing`)
    }
  }
  assert.deepEqual(works.sort(), [...implemented].sort())
})

/** Words in code style that are namespaces, or look like one. */
function namespacesIn(cell: string): string[] {
  const words = Array.from(cell.matchAll(/`([^`]+)`/g), ([, word = '']) => word)
  return words.filter((word) => NAMESPACES.has(word) || word.includes('/'))
}

test('the flags of run are all on the page of operations, and no other', () => {
  const section = /^## Run$[\s\S]*?(?=^## )/m.exec(textOf('docs/operations.md'))?.[0] ?? ''
  const documented = Array.from(section.matchAll(/^\|.*?`--([a-z]+)/gm), ([, name]) => name)
  assert.deepEqual(new Set(documented), new Set(Object.keys(run.flags)))
})

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> }
  for (const page of pages) {
    for (const [command, name = ''] of textOf(page).matchAll(/npm (?:run )?(start|test|(?<=run )[\w-]+)/g)) {
      assert.ok(Object.hasOwn(scripts, name), `${page}: ${command}`)
    }
  }
})
