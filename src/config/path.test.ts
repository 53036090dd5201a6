import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPath, type Path, parsePath } from './path.ts'

test('a path that was written can be read again', () => {
  const cases: readonly (readonly [Path, string])[] = [
    [[], ''],
    [['timeout'], 'timeout'],
    [['endpoints', 3, 'backend', 0, 'host', 1], 'endpoints[3].backend[0].host[1]'],
    [['extra_config', 'plugin/http-server', 'name'], 'extra_config."plugin/http-server".name'],
    [['a.b', '"q"', 'c\\', '@x', '7', ''], '"a.b"."\\"q\\""."c\\\\".@x.7.""'],
  ]
  for (const [path, text] of cases) {
    assert.equal(formatPath(path), text)
    assert.deepEqual(parsePath(text), path)
  }
})
