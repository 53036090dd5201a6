import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { addGatewayLibrary, addMain, hideMain, Overlay } from './overlay.ts'
import { fromHere, shownPath } from './source-path.ts'

/** What Go would see: paths, with the files behind them. */
function seen(overlay: Overlay): Record<string, string> {
  const [, file = ''] = overlay.flags()
  return JSON.parse(readFileSync(file, 'utf8')).Replace
}

test('the Go side is laid over the library: the bridge as a package of its own, the rest at the same paths', (t) => {
  const sources = folderWith(t, {
    'bridge/bridge.go': '',
    'std/net/fd.go': '',
    'std/net/http/x.go': '',
    'std/net/fd_test.go': '',
    'std/README.md': '',
    'std/removed.json': ['net/stock.go'],
  })
  const overlay = new Overlay(folderWith(t, {}))
  addGatewayLibrary(overlay, sources, '/go/src')
  assert.deepEqual(seen(overlay), {
    '/go/src/loligo/bridge/bridge.go': join(sources, 'bridge/bridge.go'),
    '/go/src/net/fd.go': join(sources, 'std/net/fd.go'),
    '/go/src/net/http/x.go': join(sources, 'std/net/http/x.go'),
    '/go/src/net/stock.go': '',
  })
})

test('the main function loses its name in a copy, found by bytes; paths in messages are those of the original', (t) => {
  const text = '// é\npackage main\n\nfunc main() { main.x() }\n'
  const folder = folderWith(t, { 'a.go': text })
  const overlay = new Overlay(folderWith(t, {}))
  const file = join(folder, 'a.go')
  const offset = Buffer.from(text).indexOf('main()')
  hideMain(overlay, { file, line: 4, column: 6, offset })
  const copy = seen(overlay)[file] ?? ''
  assert.equal(readFileSync(copy, 'utf8'), '// é\npackage main\n\nfunc _() { main.x() }\n')
  assert.equal(readFileSync(file, 'utf8'), text)
  assert.equal(fromHere('  ./a.go:4:1: wrong\n# a\n', '/x', overlay), '  /x/a.go:4:1: wrong\n# a\n')
  assert.equal(fromHere(`${relative('/x', copy)}:4:1: wrong`, '/x', overlay), `${shownPath(file)}:4:1: wrong`)
})

test('the generated main function hands over what there is, and takes a name that is free', (t) => {
  const folder = folderWith(t, { 'zz_loligo_main.go': '' })
  const overlay = new Overlay(folderWith(t, {}))
  addMain(overlay, folder, new Set(['ModifierRegisterer', 'HandlerRegisterer']), true)
  const file = seen(overlay)[join(folder, 'zz_loligo1_main.go')] ?? ''
  assert.match(
    readFileSync(file, 'utf8'),
    /bridge\.Run\(bridge\.Plugin\{Handlers: &HandlerRegisterer, Modifiers: &ModifierRegisterer, Network: bridge\.ConfigureTransport\}\)/,
  )
})
