import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An import declaration, with one path or with several in brackets. */
const DECLARATION = /(?:^|;)[ \t]*import\b[ \t]*(?:\(([^)]*)\)|(?:[\w.]+[ \t]+)?("[^"\n]*"))/gm

/** What the Go sources below a folder import, tests and vendored modules left out; found without Go, before it is asked. */
export function importsBelow(folder: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!/^[._]|^(?:vendor|testdata|node_modules)$/.test(entry.name)) {
        for (const name of importsBelow(path)) found.add(name)
      }
    } else if (entry.name.endsWith('.go') && !entry.name.endsWith('_test.go')) {
      for (const [, several, one] of readFileSync(path, 'utf8').matchAll(DECLARATION)) {
        for (const [, name] of (several ?? one ?? '').matchAll(/"([^"\s]+)"/g)) if (name !== undefined) found.add(name)
      }
    }
  }
  return found
}
