import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { KeyFiles, TlsProtocol } from '../config/model.ts'

/** A file with a certificate or a key that cannot be used; the message names it. */
export class TlsFileError extends Error {
  override name = 'TlsFileError'
  /** Where the configuration names it, as a JSON path. */
  readonly where: string

  constructor(where: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.where = where
  }
}

/** A certificate and its key, as their files hold them, known to belong together. */
export interface KeyPair {
  readonly certificate: X509Certificate
  /** With those that lead to an authority. */
  readonly cert: Buffer
  readonly key: Buffer
  readonly files: KeyFiles
}

/** What files held at one moment: bytes, or why they cannot be read. */
export type FileContents = ReadonlyMap<string, Buffer | Error>

/** All files that the settings name. */
export function tlsFiles({ caFiles }: TlsProtocol, keys: readonly KeyFiles[]): string[] {
  return [...keys.flatMap(({ certificate, privateKey }) => [certificate, privateKey]), ...caFiles]
}

/** Reads files. Never rejects. */
export async function readFiles(paths: readonly string[]): Promise<FileContents> {
  const contents = new Map<string, Buffer | Error>()
  await Promise.all(
    paths.map(async (path) => {
      contents.set(path, await readFile(path).catch((error: Error) => error))
    }),
  )
  return contents
}

/** Changes with what the files hold. */
export function fingerprintOf(paths: readonly string[], contents: FileContents): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const content = contents.get(path)
    hash.update(`${path}\0${content instanceof Buffer ? content.length : String(content)}\0`)
    if (content instanceof Buffer) hash.update(content)
  }
  return hash.digest('hex')
}

/**
 * A certificate with its key.
 * @throws TlsFileError
 */
export function keyPairOf(files: KeyFiles, contents: FileContents, where: string): KeyPair {
  const cert = contentOf(files.certificate, contents, where)
  const key = contentOf(files.privateKey, contents, where)
  const certificate = attempt(where, `${files.certificate} holds no certificate`, () => new X509Certificate(cert))
  const privateKey = attempt(where, `${files.privateKey} holds no usable key`, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new TlsFileError(
      where,
      `the key in ${files.privateKey} is not the one of the certificate in ${files.certificate}`,
    )
  }
  return { certificate, cert, key, files }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The certificates of authorities in the files of `ca_certs`.
 * @param skipped is told of files that cannot be used, which are left out then; null throws
 * @throws TlsFileError
 */
export function authoritiesOf(
  { caFiles, where }: TlsProtocol,
  contents: FileContents,
  skipped: ((error: TlsFileError) => void) | null,
): string[] {
  return caFiles.flatMap((file) => {
    try {
      const blocks = contentOf(file, contents, where).toString('latin1').match(BLOCK) ?? []
      const problem = `${file} holds no certificate`
      if (blocks.length === 0) throw new TlsFileError(where, problem)
      for (const block of blocks) attempt(where, problem, () => new X509Certificate(block))
      return blocks
    } catch (error) {
      if (skipped === null || !(error instanceof TlsFileError)) throw error
      skipped(error)
      return []
    }
  })
}

/** The options of OpenSSL that both ends have in common. */
export function protocolOptions({ minVersion, maxVersion, ciphers, curves }: TlsProtocol) {
  return { minVersion, maxVersion, ciphers, ecdhCurve: curves }
}

function contentOf(path: string, contents: FileContents, where: string): Buffer {
  const content = contents.get(path)
  if (content instanceof Buffer) return content
  throw new TlsFileError(where, `the file cannot be read: ${(content as Error | undefined)?.message ?? path}`, content)
}

function attempt<T>(where: string, problem: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new TlsFileError(where, `${problem}: ${(cause as Error).message}`, cause)
  }
}
