import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'

const RELOADED = /INFO: \[SERVICE: Supervisor\] generation \d+ serves after/
const RELOADING = /\[SERVICE: Supervisor\] reloading: /

/** A gateway that watches its files. */
async function start(t: TestContext, folder: string, file: string, env: Readonly<Record<string, string>> = {}) {
  const flags = env.LOLIGO_WATCH === undefined ? ['--watch'] : []
  const command = runCommand(t, folder, ['run', '-c', file, '-p', '0', ...flags], env)
  const port = await command.listening()
  let reloads = 0
  return {
    lines: command.lines,
    /** Resolves to the reason of the next reload, once it has succeeded. */
    async reloaded() {
      reloads++
      await command.lines.findAll(RELOADED, reloads)
      const reasons = command.lines.all.filter((line) => RELOADING.test(line))
      assert.equal(reasons.length, reloads, reasons.join('\n'))
      return reasons.at(-1)?.split(': ').at(-1) ?? ''
    },
    answer: async () => (await request(port, '/a')).body,
  }
}

/** A gateway that answers `/a` without a backend. */
function answering(text: string, changes: Readonly<Record<string, unknown>> = {}) {
  const proxy = { static: { strategy: 'always', data: { is: text } } }
  const endpoint = {
    endpoint: '/a',
    extra_config: { proxy },
    backend: [{ host: ['http://127.0.0.1:10'], url_pattern: '/' }],
  }
  return { version: 3, listen_ip: '127.0.0.1', endpoints: [endpoint], ...changes }
}

test('--watch: a file that is written or replaced is reloaded, one that is touched is not', {
  timeout: 30_000,
}, async (t) => {
  const folder = folderWith(t, { 'krakend.json': answering('one') })
  const file = join(folder, 'krakend.json')
  const gateway = await start(t, folder, 'krakend.json')
  assert.equal(await gateway.answer(), '{"is":"one"}')

  writeFileSync(file, JSON.stringify(answering('two')))
  assert.equal(await gateway.reloaded(), `${file} changed`)
  assert.equal(await gateway.answer(), '{"is":"two"}')

  utimesSync(file, new Date(), new Date())
  writeFileSync(file, JSON.stringify(answering('two')))
  writeFileSync(join(folder, 'beside.txt'), 'nothing of the gateway')
  writeFileSync(join(folder, 'new.json'), JSON.stringify(answering('three')))
  renameSync(join(folder, 'new.json'), file)
  assert.equal(await gateway.reloaded(), `${file} changed`)
  assert.equal(await gateway.answer(), '{"is":"three"}')

  writeFileSync(file, '{')
  await gateway.lines.find(/not reloaded, generation 3 goes on/)
  assert.equal(await gateway.answer(), '{"is":"three"}')
})

test('LOLIGO_WATCH=1: a mounted ConfigMap changes by the link that leads to its folder', {
  timeout: 30_000,
}, async (t) => {
  const folder = folderWith(t, {
    'mount/..2026_01/krakend.json': answering('one'),
    'mount/..2026_02/krakend.json': answering('two'),
  })
  const mount = join(folder, 'mount')
  symlinkSync('..2026_01', join(mount, '..data'))
  symlinkSync('..data/krakend.json', join(mount, 'krakend.json'))
  const gateway = await start(t, folder, 'mount/krakend.json', { LOLIGO_WATCH: '1' })
  assert.equal(await gateway.answer(), '{"is":"one"}')
  symlinkSync('..2026_02', join(mount, '..data_tmp'))
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
  rmSync(join(mount, '..2026_01'), { recursive: true })
  assert.equal(await gateway.reloaded(), `${join(mount, 'krakend.json')} changed`)
  assert.equal(await gateway.answer(), '{"is":"two"}')
})

test('--watch: plugins that are added, changed and removed, and folders of theirs', { timeout: 30_000 }, async (t) => {
  const folder = folderWith(t, {
    'krakend.json': answering('one', { plugin: { folder: 'plugins', pattern: '' } }),
    'plugins/first.ts': pluginCode('first', 'one'),
  })
  const plugins = join(folder, 'plugins')
  const gateway = await start(t, folder, 'krakend.json')

  writeFileSync(join(plugins, 'second.ts'), pluginCode('second', 'added'))
  assert.equal(await gateway.reloaded(), `${join(plugins, 'second.ts')} added`)
  const both = {
    plugin: { folder: 'plugins', pattern: '' },
    extra_config: { 'plugin/http-server': { name: ['second'] } },
  }
  writeFileSync(join(folder, 'krakend.json'), JSON.stringify(answering('one', both)))
  await gateway.reloaded()
  assert.equal(await gateway.answer(), 'added')

  writeFileSync(join(plugins, 'second.ts'), pluginCode('second', 'changed'))
  assert.equal(await gateway.reloaded(), `${join(plugins, 'second.ts')} changed`)
  assert.equal(await gateway.answer(), 'changed')

  rmSync(join(plugins, 'first.ts'))
  assert.equal(await gateway.reloaded(), `${join(plugins, 'first.ts')} removed`)

  mkdirSync(join(plugins, 'node_modules'))
  mkdirSync(join(plugins, 'lists'))
  writeFileSync(join(plugins, 'node_modules/passed-over.js'), '')
  writeFileSync(join(plugins, 'lists/names.json'), '[]')
  assert.equal(await gateway.reloaded(), `${join(plugins, 'lists/names.json')} added`)
  writeFileSync(join(plugins, 'lists/names.json'), '["a"]')
  assert.equal(await gateway.reloaded(), `${join(plugins, 'lists/names.json')} changed`)
})

function pluginCode(name: string, answer: string): string {
  return `import { definePlugin } from 'loligo/plugin'
    export const plugin = definePlugin({ name: '${name}', server: () => () => async () => new Response('${answer}') })`
}
