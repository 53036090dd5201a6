import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain, notComplete } from './explain-failure.ts'
import type { Inspection } from './inspection.ts'
import type { GoPackage } from './packages.ts'

const NOTHING: Inspection = { symbols: [], main: [], martian: [], pluginOpen: [], special: [], uses: [] }
const FOLDER = '/x/auth'

const library: GoPackage = {
  ImportPath: 'example.com/files/lock',
  Dir: '/mod/files/lock',
  Module: { Path: 'example.com/files' },
}
const own: GoPackage = {
  ImportPath: 'auth',
  Dir: FOLDER,
  Imports: ['fmt', 'example.com/files/lock'],
  Module: { Path: 'auth', Main: true },
}
const surroundings = {
  packages: [library, own],
  own: [own],
  inspection: NOTHING,
  shown: (output: string) => output.replaceAll('./', `${FOLDER}/`),
}

test('a package of others is named, with who imports it and what it lacks', () => {
  const output = '# example.com/files/lock\n../mod/files/lock/l.go:3:9: undefined: syscall.Flock\n'
  const { message, remedy } = explain(output, surroundings)
  assert.equal(
    message,
    'example.com/files/lock, which auth imports, does not compile for WebAssembly: it needs syscall.Flock, which there is not',
  )
  assert.match(remedy, /another version of example\.com\/files, or another module/)
})

test('what the own sources need of the system is named', () => {
  const { message, remedy, output } = explain('# auth\n./main.go:7:2: undefined: syscall.Setsid\n', surroundings)
  assert.equal(message, 'the sources need syscall.Setsid, which WebAssembly does not have')
  assert.match(remedy, /go:build !wasip1/)
  assert.match(output, /^# auth\n\/x\/auth\/main\.go:7:2: undefined/)
})

test('missing names are put down to cgo where a file is left out for it', () => {
  const cgo = { path: 'C', built: false, file: '/x/auth/c.go', line: 4, column: 8, offset: 40 }
  const { message } = explain('# auth\n./main.go:7:2: undefined: helper\n', {
    ...surroundings,
    inspection: { ...NOTHING, special: [cgo] },
  })
  assert.match(message, /\/x\/auth\/c\.go:4 imports "C", and there is no cgo/)
})

test('mistakes are left to Go to explain', () => {
  assert.equal(explain('# auth\n./main.go:1:1: wrong\n', surroundings).message, 'the sources do not compile')
})

const incomplete: readonly (readonly [error: string, message: RegExp, remedy: RegExp])[] = [
  ['no required module provides package x.example; to add it:\n\tgo get x.example', /no go\.mod names/, /go mod tidy/],
  ['missing go.sum entry for module providing package x', /go\.sum of the plugin is not complete/, /go mod tidy/],
  ['module lookup disabled by GOPROXY=off', /can be had/, /what Go says/],
]

for (const [text, message, remedy] of incomplete) {
  test(`packages that are not there: ${text.slice(0, 30)}`, () => {
    const broken: GoPackage = { ImportPath: 'x.example', Error: { Err: text, Pos: 'main.go:3:2' } }
    const failure = notComplete([broken], { ...surroundings, packages: [broken, own] })
    assert.match(failure.message, message)
    assert.match(failure.remedy, remedy)
    assert.match(failure.output, /^main\.go:3:2: /)
  })
}

test('a package without files for WebAssembly is named, with the cgo that it needs', () => {
  const broken = { ...library, Error: { Err: 'build constraints exclude all Go files in /mod/files/lock' } }
  const cgo = { path: 'C', built: false, file: '/mod/files/lock/c.go', line: 4, column: 8, offset: 40 }
  const at = { ...surroundings, packages: [broken, own] }
  assert.match(notComplete([broken], at).message, /lock, which auth imports, has no files for WebAssembly$/)
  const { message } = notComplete([broken], { ...at, inspection: { ...NOTHING, special: [cgo] } })
  assert.match(message, /lock, which auth imports, needs cgo \(\S*c\.go:4\), which there is not$/)
})
