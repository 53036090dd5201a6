import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ERRORS } from './errors.ts'

const PAGE = new URL('../docs/reference/errors.md', import.meta.url)

test('the codes stand in alphabetical order', () => {
  const codes = Object.keys(ERRORS)
  assert.deepEqual(codes, codes.toSorted())
})

test('the page of the errors says what the registry says', () => {
  const sections = readFileSync(PAGE, 'utf8').split(/^## /m).slice(1)
  const documented = sections.map((section) => {
    const [code = '', title = '', ...rest] = section.split('\n').filter((line) => line !== '')
    return [code, title, rest.join(' ')]
  })
  const registered = Object.entries(ERRORS).map(([code, { title, remedy }]) => [
    code,
    `${title}.`,
    `What to do: ${remedy}`,
  ])
  assert.deepEqual(documented, registered)
})
