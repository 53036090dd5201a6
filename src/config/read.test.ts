import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDocument } from './read.ts'

/** `line:column message` of what is wrong with a text. */
async function fault(file: string, text: string): Promise<string> {
  const result = await parseDocument(file, text)
  assert.ok('code' in result, 'it was parsed')
  assert.equal(result.code, 'CONFIG_SYNTAX')
  return `${result.position?.line ?? 0}:${result.position?.column ?? 0} ${result.message}`
}

const JSON_FAULTS: readonly (readonly [name: string, text: string, expected: string])[] = [
  ['empty', ' \n', '0:0 the file is empty'],
  ['doubled comma', '{"version": 3,, "endpoints": []}', '1:15 unexpected ",", a key in quotes was expected'],
  ['missing comma', '{\n "a": 1\n "b": 2\n}', '3:2 unexpected "b", a comma was expected'],
  ['missing colon', '{"a" 1}', '1:6 unexpected "1", a colon was expected'],
  ['trailing comma in an object', '{\n  "a": 1,\n}', '3:1 a comma before "}" is not allowed in JSON'],
  ['trailing comma in a list', '{"a": [1,]}', '1:10 a comma before "]" is not allowed in JSON'],
  ['comment', '{\n  // note\n  "a": 1\n}', '2:3 JSON has no comments'],
  ['bare word', 'version: 3\n', '1:1 unexpected "version", a value was expected'],
  ['text after the end', '{} {}', '1:4 unexpected "{" after the end of the configuration'],
  ['open string', '{"a": "x\n}', '1:7 a string is not closed on its line'],
  ['bad escape', '{"a": "\\x"}', '1:7 invalid escape in a string'],
  [
    'tab in a string',
    '{"a": "b\tc"}',
    '1:7 a control character in a string (write it as an escape, such as \\n or \\t)',
  ],
  ['missing value', '{"a": }', '1:7 unexpected "}", a value was expected'],
]

for (const [name, text, expected] of JSON_FAULTS) {
  test(`JSON with a fault is refused with its place: ${name}`, async () =>
    assert.equal(await fault('k.json', text), expected))
}

test('a missing brace is told where it is noticed and where the unclosed one was opened', async () => {
  const text =
    '{\n  "endpoints": [\n    {\n      "endpoint": "/a",\n      "backend": []\n    ,\n    {\n      "endpoint": "/b"\n    }\n  ]\n}\n'
  assert.match(await fault('k.json', text.replace('    ,\n', '')), /^6:5 unexpected "{", a comma was expected$/)
  const open = '{\n  "a": [\n    { "b": 1\n  ]\n}\n'
  assert.equal(await fault('k.json', open), '4:3 unexpected "]", but the "{" of line 3, column 5 is not closed')
})

test('when only the end of the file shows it, the indentation tells which brace is not closed', async () => {
  const text = '{\n  "a": {\n    "b": {\n      "c": 1\n  },\n  "d": "}"\n}\n'
  assert.equal(await fault('k.json', text), '7:2 the file ends, but the "{" of line 3, column 10 is not closed')
  assert.equal(
    await fault('k.json', '{"a": [1, 2'),
    '1:12 the file ends, but the "[" of line 1, column 7 is not closed',
  )
})

test('faults of YAML have their place', async () => {
  assert.match(await fault('k.yaml', 'version: 3\n  name: x\n'), /^2:\d+ \S/)
  assert.match(await fault('k.yml', 'a: 1\na: 2\n'), /^2:1 .*duplicate/)
  assert.equal(await fault('k.yml', ''), '0:0 the file is empty')
})

test('faults of TOML have their place', async () => {
  assert.match(await fault('k.toml', 'a = 1\nversion = \n'), /^2:\d+ \S/)
  assert.match(await fault('k.TOML', 'a = 1\na = 2\n'), /^2:\d+ \S/)
})

test('TOML places survive dotted and quoted keys, multi-line strings and lists', async () => {
  const text = 'a."b.c".d = 1\ntext = """\nx = 1\n"""\nlist = [\n  "}", # ]\n  2\n]\n[extra_config."x/y"]\nz = 1\n'
  const document = await parseDocument('k.toml', text)
  assert.ok('locator' in document)
  const locate = await document.locator()
  const places = [['a', 'b.c', 'd'], ['x'], ['list', 1], ['extra_config', 'x/y', 'z'], ['extra_config', 'x/y', 'none']]
  assert.deepEqual(
    places.map((path) => locate(path)?.line),
    [1, 1, 5, 10, 9],
  )
})
