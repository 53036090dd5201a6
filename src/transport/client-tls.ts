import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { ClientTls } from '../config/model.ts'
import {
  authoritiesOf,
  type FileContents,
  type KeyPair,
  keyPairOf,
  protocolOptions,
  readFiles,
  TlsFileError,
  tlsFiles,
} from '../shared/tls-files.ts'

/**
 * Reads what connections to upstreams are to be encrypted and verified with. Specification: traffic-security 14.
 * @param skipped is told of files that cannot be used, which are left out then; null throws
 * @throws TlsFileError
 */
export async function openClientContext(
  tls: ClientTls,
  skipped: ((error: TlsFileError) => void) | null,
): Promise<SecureContext> {
  const contents = await readFiles(tlsFiles(tls, tls.certificates))
  const pairs = pairsOf(tls, contents, skipped)
  const own = authoritiesOf(tls, contents, skipped)
  const usual = tls.systemCas && own.length === 0
  return createSecureContext({
    ...protocolOptions(tls),
    // Without a list OpenSSL takes the usual ones, which are parsed once for the process.
    ...(usual ? {} : { ca: [...own, ...(tls.systemCas ? getCACertificates('default') : [])] }),
    allowPartialTrustChain: own.length > 0, // in Go each certificate of a pool is an anchor
    ...(pairs.length === 0 ? {} : { cert: pairs.map(({ cert }) => cert), key: pairs.map(({ key }) => key) }),
  })
}

/** OpenSSL chooses among certificates by the kind of their keys alone. */
function pairsOf(
  { certificates, where }: ClientTls,
  contents: FileContents,
  skipped: ((error: TlsFileError) => void) | null,
): KeyPair[] {
  const pairs = new Map<string, KeyPair>()
  for (const files of certificates) {
    try {
      const pair = keyPairOf(files, contents, where)
      const kind = pair.certificate.publicKey.asymmetricKeyType ?? ''
      const other = pairs.get(kind)
      if (other === undefined) pairs.set(kind, pair)
      else {
        const both = `${other.files.certificate} and ${files.certificate}`
        throw new TlsFileError(where, `one certificate of each kind of key can be shown: ${both} are both ${kind}`)
      }
    } catch (error) {
      if (skipped === null || !(error instanceof TlsFileError)) throw error
      skipped(error)
    }
  }
  return [...pairs.values()]
}
