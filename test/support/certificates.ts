import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A certificate and its key, in files. */
export interface Identity {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

export interface IdentityOptions {
  /** Names it is for; `localhost` and 127.0.0.1 by default. */
  readonly names?: readonly string[]
  /** Who signs it; it signs itself without one. */
  readonly issuer?: Identity
  /** It may sign others. */
  readonly authority?: boolean
  readonly kind?: 'ec' | 'rsa'
  /** It has not been valid since yesterday. */
  readonly expired?: boolean
  /** The common name, by which tests tell certificates apart. */
  readonly name?: string
}

/** A folder with certificates made by OpenSSL; gone after the test. */
export function certificateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-certificates-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

let made = 0

/** Makes a certificate with its key in the folder. */
export function makeIdentity(folder: string, options: IdentityOptions = {}): Identity {
  const { names = ['localhost', '127.0.0.1'], issuer, kind = 'ec', name = names[0] ?? 'nobody' } = options
  const base = join(folder, `${++made}`)
  const [certFile, keyFile, requestFile, extensionFile] = ['pem', 'key', 'csr', 'ext'].map(
    (end) => `${base}.${end}`,
  ) as [string, string, string, string]
  const newKey =
    kind === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  run(['req', '-new', ...newKey, '-nodes', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', requestFile])
  const alternatives = names.map((each) => (/^[\d.]+$/.test(each) ? `IP:${each}` : `DNS:${each}`))
  const extensions = [
    `basicConstraints=critical,CA:${options.authority === true ? 'TRUE' : 'FALSE'}`,
    ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
  ]
  writeFileSync(extensionFile, `${extensions.join('\n')}\n`)
  const signer =
    issuer === undefined ? ['-key', keyFile] : ['-CA', issuer.certFile, '-CAkey', issuer.keyFile, '-CAcreateserial']
  const times = ['-days', options.expired === true ? '-1' : '2']
  run(['x509', '-req', '-in', requestFile, ...signer, ...times, '-extfile', extensionFile, '-out', certFile])
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}

function run(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args)
  assert.equal(status, 0, String(stderr))
}
