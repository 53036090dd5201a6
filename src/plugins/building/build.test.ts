import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { withoutGo } from '../../../test/support/go-plugin.ts'
import { readPluginSection } from '../runtimes/go/plugin-section.ts'
import { type BuildReport, buildGoPlugin } from './build.ts'
import { BuildFailure } from './build-failure.ts'

/** Nothing is fetched. */
const ENV = { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=mod -tags=ours' }

/** A handler that is never called. */
const HANDLER = `
type registerer string

var HandlerRegisterer = registerer("x")

func (r registerer) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {
}
`

const HEAD = 'package main\n\nimport (\n\t"context"\n\t"net/http"\n)\n'

function build(folder: string, out?: string): Promise<BuildReport> {
  return buildGoPlugin({ folder, out, env: ENV })
}

async function failure(t: TestContext, files: Record<string, string>): Promise<BuildFailure> {
  try {
    await build(folderWith(t, files))
  } catch (error) {
    if (error instanceof BuildFailure) return error
    throw error
  }
  assert.fail('it was built')
}

/** All that lies below a folder, with its contents. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')]))
}

/** Whatever a module can be made of. */
const MODULE = {
  'go.mod':
    'module example.com/all\n\ngo 1.21\n\nrequire example.com/greeter v1.2.3\n\nreplace example.com/greeter => ./third_party/greeter\n',
  'third_party/greeter/go.mod': 'module example.com/greeter\n\ngo 1.20\n',
  'third_party/greeter/greeter.go': 'package greeter\n\nimport "os"\n\nvar Word = os.Getenv("GREETING")\n',
  'internal/call/call.go':
    'package call\n\nimport (\n\t"net/http"\n\t"os"\n)\n\nconst base = "https://users.example.com/v1"\n\nfunc User(id string) { http.Get(base + "/" + id); os.ReadFile("/etc/users.json"); os.Open(id) }\n',
  'data/text.txt': 'embedded',
  'main.go': `package main

import (
	"context"
	_ "embed"
	"net/http"
	"os/exec"

	"example.com/all/internal/call"
	"example.com/greeter"
)
${HANDLER}
//go:embed data/text.txt
var text string

type (
	ClientRegisterer struct{}
)

func init() { println(text, greeter.Word); call.User(""); exec.Command("ls") }

func main() { exec.Command("never") }
`,
  'native.go': '//go:build !wasip1\n\npackage main\n\nfunc init() { thisIsNotCompiled() }\n',
  'tagged.go': '//go:build ours\n\npackage main\n\nvar ModifierRegisterer = registerer("y")\n',
  'main_test.go': 'package main\n\nfunc init() { norIsThis() }\n',
}

describe('building Go plugins', { skip: withoutGo }, () => {
  test('a module with packages, a replaced module, embedded files and tags becomes one file; its folder stays', async (t) => {
    const folder = join(folderWith(t, {}), 'users')
    mkdirSync(folder)
    for (const [name, text] of Object.entries(MODULE)) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const before = contents(folder)
    const report = await build(folder)
    const file = join(folder, 'users.wasm')
    assert.equal(report.file, file)
    const { [file]: _, ...after } = contents(folder)
    assert.deepEqual(after, before)
    const bytes = readFileSync(file)
    assert.equal(report.bytes, bytes.length)
    const section = readPluginSection(bytes)
    assert.deepEqual(section, report.section)
    assert.deepEqual(
      [section?.name, section?.module, section?.kinds],
      ['users', 'example.com/all', ['server', 'modifier']],
    )
    assert.match(section?.goVersion ?? '', /^go1\.\d+/)
    assert.match(section?.sourceHash ?? '', /^[0-9a-f]{64}$/)
    assert.deepEqual(section?.uses, {
      hosts: ['users.example.com'],
      env: ['GREETING'],
      files: ['(computed)', '/etc/users.json'],
      exec: ['ls', 'never'],
    })
    assert.equal(report.uses.computed.files.length, 1)
    assert.match(report.uses.computed.files[0] ?? '', /^os\.Open in .*internal\/call\/call\.go:10$/)
    assert.match(report.warnings.join('\n'), /ClientRegisterer in .*main\.go:24 is a type and no variable/)
    assert.match(report.warnings.join('\n'), /exec\.Command in .*main\.go:\d+ fails/)

    // Elsewhere the same sources give the same bytes, and other sources another hash.
    const copy = join(folderWith(t, {}), 'users')
    mkdirSync(copy)
    for (const [path, text] of Object.entries(before)) {
      const place = join(copy, path.slice(folder.length))
      mkdirSync(join(place, '..'), { recursive: true })
      writeFileSync(place, text)
    }
    assert.deepEqual(readFileSync((await build(copy)).file), bytes)
    writeFileSync(join(copy, 'data/text.txt'), 'other')
    const changed = await build(copy, join(copy, 'out.wasm'))
    assert.notEqual(changed.section.sourceHash, section?.sourceHash)
  })

  const register = (path: string) => `package main

import "${path}"

func init() {
	register.Set("body.ESQuery", []register.Scope{register.ScopeRequest}, func(b []byte) (interface{}, error) { return nil, nil })
}
`
  const old =
    'module example.com/m\n\ngo 1.16\n\nrequire (\n\tgithub.com/krakend/krakend-martian/v2 v2.1.0\n\tgithub.com/gin-gonic/gin v1.7.0\n)\n'

  for (const [title, path, files] of [
    ['without a module', 'github.com/devopsfaith/krakend-martian/register', {}],
    ['of a module whose others are not there', 'github.com/krakend/krakend-martian/v2/register', { 'go.mod': old }],
  ] as const) {
    test(`sources that register Martian modifiers, ${title}, need nothing fetched`, async (t) => {
      const folder = folderWith(t, { 'main.go': register(path), ...files })
      const { section } = await build(folder)
      assert.deepEqual(section.kinds, ['martian'])
      assert.equal(readdirSync(folder).length, Object.keys(files).length + 2)
    })
  }

  test('sources that import more of the module with Martian have its other packages as they are', async (t) => {
    const module = 'github.com/krakend/krakend-martian/v2'
    const folder = folderWith(t, {
      'go.mod': `module example.com/m\n\ngo 1.21\n\nrequire ${module} v2.1.0\n\nreplace ${module} => ./theirs\n`,
      'main.go': register(`${module}/register`),
      'more.go': `package main\n\nimport martian "${module}"\n\nvar _ = martian.Count\n`,
      'theirs/go.mod': `module ${module}\n\ngo 1.20\n`,
      'theirs/m.go': `package martian\n\nimport "${module}/register"\n\nfunc Count() int { return len(register.Get()) }\n`,
      'theirs/register/r.go': 'package register\n\nimport _ "example.com/gone"\n',
    })
    assert.deepEqual((await build(folder)).section.kinds, ['martian'])
  })

  const broken: readonly (readonly [title: string, files: Record<string, string>, message: RegExp, remedy: RegExp])[] =
    [
      ['an empty folder', { 'README.md': '' }, /there are no Go files in/, /name the folder/],
      [
        'another package',
        { 'x.go': 'package x\n' },
        /holds package x, and a plugin is a package main/,
        /name the folder/,
      ],
      [
        'no registerer',
        { 'main.go': 'package main\n' },
        /declares none of HandlerRegisterer/,
        /declare one as a variable/,
      ],
      [
        'a function for a variable',
        { 'main.go': 'package main\n\nfunc HandlerRegisterer() {}\n' },
        /HandlerRegisterer in .*main\.go:3 is a func/,
        /declare it as a variable/,
      ],
      ['cgo', { 'main.go': 'package main\n\nimport "C"\n' }, /main\.go:3 imports "C"/, /written in Go alone/],
      [
        'cgo in one file',
        {
          'main.go': `${HEAD}${HANDLER}\nvar _ = helper()\n`,
          'c.go': 'package main\n\nimport "C"\n\nfunc helper() int { return 1 }\n',
        },
        /c\.go:3 imports "C"/,
        /written in Go alone/,
      ],
      [
        'constraints',
        { 'main.go': `//go:build linux\n\n${HEAD}${HANDLER}` },
        /build constraints leave out all Go files in .*: main\.go/,
        /GOOS=wasip1/,
      ],
      [
        'plugin.Open',
        {
          'main.go': `${HEAD}${HANDLER}`,
          'o.go': 'package main\n\nimport "plugin"\n\nfunc init() { plugin.Open("x") }\n',
        },
        /o\.go:5 opens a Go plugin/,
        /import that code/,
      ],
      [
        'what the system does not have',
        {
          'main.go': `${HEAD}${HANDLER}`,
          's.go': 'package main\n\nimport "syscall"\n\nfunc main() { syscall.Setsid() }\n',
        },
        /the sources need syscall\.Setsid/,
        /go:build !wasip1/,
      ],
      ['a mistake', { 'main.go': `${HEAD}${HANDLER}\nvar x int = "a"\n` }, /do not compile/, /what Go names/],
      ['a mistake in the syntax', { 'main.go': 'package main\n\nimport (\n' }, /do not compile/, /what Go names/],
      [
        'modules that are named nowhere',
        { 'main.go': `${HEAD}\nimport _ "example.com/gone"\n${HANDLER}` },
        /imports packages that no go\.mod names/,
        /go mod tidy/,
      ],
      [
        'a broken go.mod',
        { 'go.mod': 'modul x\n', 'main.go': `${HEAD}${HANDLER}` },
        /cannot read the module/,
        /what it says/,
      ],
    ]

  for (const [title, files, message, remedy] of broken) {
    test(`what cannot be built is told: ${title}`, async (t) => {
      const error = await failure(t, files)
      assert.match(error.message, message)
      assert.match(error.remedy, remedy)
      assert.doesNotMatch(`${error.message}${error.output}`, /loligo-build/)
    })
  }
})

test('a folder that is not there, and a file that cannot be written, are told', { skip: withoutGo }, async (t) => {
  const folder = folderWith(t, { 'main.go': `${HEAD}${HANDLER}` })
  await assert.rejects(build(join(folder, 'none')), /none is not a folder/)
  await assert.rejects(build(folder, join(folder, 'none/x.wasm')), /none\/x\.wasm cannot be written/)
  assert.deepEqual(readdirSync(folder), ['main.go'])
})
