import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { exportedDeclarations, REFERENCE_PAGE, renderReference } from '../scripts/plugin-reference.ts'

test('the page of the plugin interface is what the source says', () => {
  const page = readFileSync(REFERENCE_PAGE, 'utf8')
  assert.equal(page, renderReference(), 'run: node scripts/plugin-reference.ts')
})

test('every name that authors can import is told with an example', () => {
  for (const [entry, declarations] of exportedDeclarations()) {
    assert.ok(declarations.length > 20, `the exports of ${entry} are recognised`)
    for (const { name, doc } of declarations) {
      assert.notEqual(doc.text, '', `${entry}: ${name} has no doc comment`)
      assert.notEqual(doc.examples.length, 0, `${entry}: ${name} has no example`)
    }
  }
})

test('signatures are told as authors see them', () => {
  const page = renderReference()
  for (const line of [
    'static json(data: unknown, init?: { status?: number; headers?: HeadersSource }): HttpResponse',
    '  new (status: number, body?: unknown, init?: { headers?: HeadersSource; cause?: unknown })',
    '  readonly store: Map<string, unknown>',
    '  url: string',
    'Type.Duration(options?: DurationOptions)',
    'function createClock(options?: ClockOptions): TestClock',
  ]) {
    assert.ok(page.includes(line), line)
  }
  for (const internal of ['attach(', 'currentTarget', 'whole()', '#', ' = {}', '@']) {
    const signatures = page.match(/^```ts\n(?:class|interface|type|function) [\s\S]*?^```/gm) ?? []
    assert.deepEqual(
      signatures.filter((each) => each.includes(internal)),
      [],
      internal,
    )
  }
})
