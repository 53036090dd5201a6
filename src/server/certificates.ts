import { createHash, hkdfSync } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { ServerTls } from '../config/model.ts'
import {
  authoritiesOf,
  type FileContents,
  fingerprintOf,
  type KeyPair,
  keyPairOf,
  protocolOptions,
  type TlsFileError,
  tlsFiles,
} from '../shared/tls-files.ts'

/** The certificates of a server at one moment, ready for handshakes. */
export interface Certificates {
  /** Of the first certificate: for clients that ask for no name, or for one that no certificate is for. */
  readonly options: SecureContextOptions
  readonly first: SecureContext
  /** For clients that ask for this name; undefined: the first. */
  contextFor(serverName: string): SecureContext | undefined
  /** Changes with what the files hold. */
  readonly fingerprint: string
  /** What should be told: certificates that are not valid now. */
  readonly warnings: readonly string[]
}

const TICKET_KEY_BYTES = 48

/**
 * Makes certificates of what their files hold.
 * @param secret what the keys of session tickets are made of: with the same secret another thread takes them too, until
 *   the files change
 * @param skipped see `authoritiesOf`
 * @throws TlsFileError
 */
export function makeCertificates(
  tls: ServerTls,
  contents: FileContents,
  secret: Uint8Array,
  skipped: ((error: TlsFileError) => void) | null,
): Certificates {
  const fingerprint = fingerprintOf(tlsFiles(tls, tls.keys), contents)
  const pairs = tls.keys.map((files) => keyPairOf(files, contents, tls.where))
  const common = {
    ...protocolOptions(tls),
    ...(tls.requiresClientCertificate ? clientAuthorities(tls, pairs, contents, skipped) : {}),
    honorCipherOrder: true,
    sessionIdContext: 'gateway',
    ticketKeys: ticketKeys(tls, secret, fingerprint),
  }
  const optionsOf = (chosen: readonly KeyPair[]): SecureContextOptions => ({
    ...common,
    cert: chosen.map(({ cert }) => cert),
    key: chosen.map(({ key }) => key),
  })
  const beginning = alternativesOfFirst(pairs)
  const options = optionsOf(beginning)
  const contexts = new Map<KeyPair, SecureContext>()
  for (const pair of pairs) if (!beginning.includes(pair)) contexts.set(pair, createSecureContext(optionsOf([pair])))
  const byName = pairsByName(pairs)
  return {
    ...{ options, first: createSecureContext(options), fingerprint, warnings: pairs.flatMap(validityProblem) },
    contextFor: (serverName) => {
      const name = serverName.toLowerCase()
      const pair = byName.get(name) ?? byName.get(`*${name.slice(name.indexOf('.'))}`)
      return pair === undefined ? undefined : contexts.get(pair)
    },
  }
}

/**
 * A session that is resumed shows no certificate again, so what was agreed under other settings (without a client
 * certificate, with other authorities) must not be resumed under these.
 */
function ticketKeys(tls: ServerTls, secret: Uint8Array, fingerprint: string): Buffer {
  const info = createHash('sha256').update(JSON.stringify(tls)).update(fingerprint).digest()
  return Buffer.from(hkdfSync('sha256', secret, '', info, TICKET_KEY_BYTES))
}

/** As in Go each certificate of a pool is an anchor, be it of a root or below one, and the server's own are in it. */
function clientAuthorities(
  tls: ServerTls,
  pairs: readonly KeyPair[],
  contents: FileContents,
  skipped: ((error: TlsFileError) => void) | null,
): SecureContextOptions {
  const own = pairs.map(({ cert }) => cert)
  const system = tls.systemCas ? getCACertificates('default') : []
  return { ca: [...authoritiesOf(tls, contents, skipped), ...own, ...system], allowPartialTrustChain: true }
}

/**
 * The first certificate, and those for the same names with keys of other kinds, among which the client decides. Node can
 * do that for the certificates that a connection begins with alone.
 */
function alternativesOfFirst(pairs: readonly KeyPair[]): KeyPair[] {
  const chosen = pairs.slice(0, 1)
  const names = chosen.map(namesKey).join()
  for (const pair of pairs.slice(1)) {
    if (namesKey(pair) === names && chosen.every((other) => kindOf(other) !== kindOf(pair))) chosen.push(pair)
  }
  return chosen
}

function namesKey(pair: KeyPair): string {
  return namesOf(pair).toSorted().join()
}

function kindOf({ certificate }: KeyPair): string {
  return certificate.publicKey.asymmetricKeyType ?? ''
}

/** The first certificate with a name counts. */
function pairsByName(pairs: readonly KeyPair[]): Map<string, KeyPair> {
  const found = new Map<string, KeyPair>()
  for (const pair of pairs) {
    for (const name of namesOf(pair)) if (!found.has(name)) found.set(name, pair)
  }
  return found
}

/** Its alternative names alone: clients have not looked at the common name for years. */
function namesOf({ certificate }: KeyPair): string[] {
  const names = (certificate.subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,]+)/g)
  return Array.from(names, ([, name = '']) => name.toLowerCase())
}

function validityProblem({ certificate, files }: KeyPair): string[] {
  const now = Date.now()
  if (certificate.validToDate.getTime() < now)
    return [`the certificate in ${files.certificate} has expired: ${certificate.validTo}`]
  if (certificate.validFromDate.getTime() > now)
    return [`the certificate in ${files.certificate} is not valid before ${certificate.validFrom}`]
  return []
}
