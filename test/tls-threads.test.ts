import assert from 'node:assert/strict'
import { copyFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Identity, makeIdentity } from './support/certificates.ts'
import { folderWith, runCommand } from './support/command-line.ts'
import { commonName, connectTls, secureRequest } from './support/tls-client.ts'

const LOCAL = { version: 3, listen_ip: '127.0.0.1' }
const THREADS = { LOLIGO_THREADS: '2' }

/** A folder with a configuration whose certificate may be replaced by `put`. */
function prepare(t: TestContext, tls: Readonly<Record<string, unknown>> = {}) {
  const keys = [{ public_key: 'used.pem', private_key: 'used.key' }]
  const folder = folderWith(t, { 'krakend.json': { ...LOCAL, tls: { keys, ...tls } } })
  const put = ({ certFile, keyFile }: Identity) => {
    copyFileSync(certFile, join(folder, 'used.pem'))
    copyFileSync(keyFile, join(folder, 'used.key'))
  }
  return { folder, put }
}

test('all threads serve HTTPS, and a reload gives them the new certificate', async (t) => {
  const { folder, put } = prepare(t)
  put(makeIdentity(folder, { name: 'old' }))
  const run = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], THREADS)
  const port = await run.listening()
  const servers = async () => {
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => connectTls(t, port, { rejectUnauthorized: false })),
    )
    return new Set(sockets.map(commonName))
  }
  assert.deepEqual(await servers(), new Set(['old']))
  put(makeIdentity(folder, { name: 'new' }))
  run.signal('SIGHUP')
  await run.lines.find(/generation 2 serves/)
  assert.deepEqual(await servers(), new Set(['new']))
  const { status } = await secureRequest(port, '/__health', { rejectUnauthorized: false })
  assert.equal(status, 200)
  run.signal('SIGTERM')
  assert.equal((await run.end).code, 0)
})

test('without its key files the gateway does not start; check says that they are not here', async (t) => {
  const { folder, put } = prepare(t)
  const { code, output } = await runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], THREADS).end
  assert.notEqual(code, 0)
  assert.match(output, /ENOENT.*used\.pem.*\(TLS_FILE_UNUSABLE\)/s)
  const check = await runCommand(t, folder, ['check', '-c', 'krakend.json']).end
  assert.deepEqual([check.code, /TLS_FILES_NOT_CHECKED/.test(check.output)], [0, true])
  put(makeIdentity(folder))
  writeFileSync(join(folder, 'used.key'), 'broken')
  const broken = await runCommand(t, folder, ['check', '-c', 'krakend.json']).end
  assert.equal(broken.code, 1)
  assert.match(broken.output, /used\.key holds no usable key/)
})

test('what a reload cannot do is said: HTTPS where there was none', async (t) => {
  const { folder, put } = prepare(t)
  put(makeIdentity(folder))
  renameSync(join(folder, 'krakend.json'), join(folder, 'secure.json'))
  writeFileSync(join(folder, 'krakend.json'), JSON.stringify(LOCAL))
  const run = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'])
  await run.listening()
  renameSync(join(folder, 'secure.json'), join(folder, 'krakend.json'))
  run.signal('SIGHUP')
  await run.lines.find(/WARNING.*the port stays with HTTP: HTTPS needs a restart/)
})

test('with --watch changed files of client_tls cause a reload', async (t) => {
  const folder = folderWith(t, {})
  const [old, next] = [makeIdentity(folder), makeIdentity(folder)]
  copyFileSync(old.certFile, join(folder, 'ca.pem'))
  writeFileSync(join(folder, 'krakend.json'), JSON.stringify({ ...LOCAL, client_tls: { ca_certs: ['ca.pem'] } }))
  const run = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0', '--watch'])
  await run.listening()
  copyFileSync(next.certFile, join(folder, 'ca.pem'))
  await run.lines.find(/reloading: .*ca\.pem changed/)
  await run.lines.find(/generation 2 serves/)
})
