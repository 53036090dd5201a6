import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { folderWith, runCommand } from './support/command-line.ts'

const UNPRIVILEGED = join(import.meta.dirname, 'support/run-unprivileged.ts')
const GOOD = { 'krakend.json': { version: 3, listen_ip: '127.0.0.1' } }

describe('the start is refused with a line that says why', { concurrency: 2 }, () => {
  for (const [title, name, reason] of [
    ['a file that is not there', 'missing.json', /no such file or directory/],
    ['a folder', '.', /is a directory/],
  ] as const) {
    test(title, async (t) => {
      const { code, output } = await runCommand(t, folderWith(t, GOOD), ['run', '-c', name]).end
      assert.equal(code, 255)
      assert.match(output, new RegExp(`^ERROR parsing the configuration file: ${name.replace('.', '\\.')}.*`))
      assert.match(output, reason)
      assert.match(output, /^[^\n]+\. Check the path after --config and the permissions of the file\. \([A-Z_]+\)\n$/)
    })
  }

  test('a file that may not be read', async (t) => {
    const folder = folderWith(t, GOOD)
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'krakend.json'), 0)
    const { code, output } = await runCommand(t, folder, ['run', '-c', 'krakend.json'], {}, UNPRIVILEGED).end
    assert.equal(code, 255)
    assert.match(
      output,
      /^ERROR parsing the configuration file: krakend\.json: .*permission denied\. Check the path [^\n]*\n$/,
    )
  })

  const first = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
  const anyPort = !existsSync(first) || Number(readFileSync(first, 'utf8')) <= 80
  test('a port that takes rights', { skip: anyPort && 'everybody may listen on low ports here' }, async (t) => {
    const folder = folderWith(t, GOOD)
    chmodSync(folder, 0o755)
    const { code, output } = await runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '80'], {}, UNPRIVILEGED)
      .end
    assert.equal(code, 1)
    assert.match(output, /^ERROR \[SERVICE: Gin\] listen tcp 127\.0\.0\.1:80: bind: permission denied: choose a port/m)
  })
})
