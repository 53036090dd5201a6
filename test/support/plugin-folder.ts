import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const FIXTURES = join(import.meta.dirname, '../fixtures/plugins')

/**
 * A temporary folder with copies of files from `test/fixtures/plugins`, gone after the test. Files that no compiler nor
 * formatter could read end in `.txt` there, and lose that here.
 * @param names without `.txt`; none copies all of them
 */
export function pluginFolder(t: TestContext, ...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-plugins-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const all = readdirSync(FIXTURES)
  const wanted = names.length === 0 ? all.map((name) => name.replace(/\.txt$/, '')) : names
  for (const name of wanted) {
    const source = all.includes(name) ? name : `${name}.txt`
    copyFileSync(join(FIXTURES, source), join(folder, name))
  }
  return folder
}
