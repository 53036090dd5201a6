import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { importsBelow } from './imports-below.ts'

test('imports are found in every form, but not those of tests, of vendored modules, and of nothing that is Go', (t) => {
  const folder = folderWith(t, {
    'main.go': `package main; import "one"
import f "fmt"
import (
\t"context" // the "word" of a comment is harmless
\t. "dots.example/a"
\t_ "blank.example/b"; named "named.example/c"
)
var text = "not.example/x"
`,
    'sub/deep/x.go': 'package deep\nimport ("a.example/1"; "a.example/2")\n',
    'main_test.go': 'package main\nimport "testing"\n',
    'vendor/v.example/v.go': 'package v\nimport "vendored"\n',
    'testdata/t.go': 'package t\nimport "data"\n',
    '.hidden/h.go': 'package h\nimport "hidden"\n',
    'notes.txt': 'import "text"\n',
  })
  const found = importsBelow(folder)
  for (const name of ['one', 'fmt', 'context', 'dots.example/a', 'blank.example/b', 'named.example/c']) {
    assert.ok(found.has(name), name)
  }
  for (const name of ['a.example/1', 'a.example/2']) assert.ok(found.has(name), name)
  for (const name of ['not.example/x', 'testing', 'vendored', 'data', 'hidden', 'text']) {
    assert.ok(!found.has(name), name)
  }
})
