import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ipFilter } from '../src/bundled/ip-filter.ts'
import { botDetector } from '../src/features/security/bot-detector.ts'
import { cors } from '../src/features/security/cors.ts'
import { securityHttp } from '../src/features/security/http.ts'

interface OptionSchema {
  readonly type?: string
  readonly items?: OptionSchema
  readonly enum?: readonly unknown[]
  readonly duration?: unknown
  readonly default?: unknown
  readonly description?: string
}

const PAGES: readonly (readonly [page: string, schema: object | null])[] = [
  ['cors.md', cors.options],
  ['security-headers.md', securityHttp.options],
  ['bot-detector.md', botDetector.options],
  ['ip-filter.md', ipFilter(undefined).options],
]

for (const [page, schema] of PAGES) {
  test(`the options on ${page} are those of the schema, with its words`, () => {
    const text = readFileSync(join(import.meta.dirname, '../docs/features', page), 'utf8')
    const { properties } = schema as { readonly properties: Readonly<Record<string, OptionSchema>> }
    const rows = Object.entries(properties).map(([name, option]) => rowOf(name, option))
    const start = text.indexOf('| Option ')
    const [, , ...shown] = text.slice(start, text.indexOf('\n\n', start)).trimEnd().split('\n')
    assert.deepEqual(shown.map(unaligned), rows.map(unaligned))
  })
}

/** A row without the blanks that align its columns. */
function unaligned(row: string): string {
  return row.replaceAll(/ {2,}/g, ' ')
}

function rowOf(name: string, option: OptionSchema): string {
  return `| \`${name}\` | ${valuesOf(option)} | ${defaultOf(option)} | ${option.description} |`
}

function valuesOf({ type, items, enum: values, duration }: OptionSchema): string {
  if (duration !== undefined) return 'duration'
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ')
  if (type === 'array') return `list of ${valuesOf(items ?? {})}s`
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    object: 'object',
  }
  return words[type ?? ''] ?? 'any'
}

function defaultOf({ default: value }: OptionSchema): string {
  if (value === undefined || value === '') return ''
  return `\`${JSON.stringify(value).replaceAll(',', ', ')}\``
}
