import { createHash, X509Certificate } from 'node:crypto'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Agent, RequestOptions } from 'node:https'
import { createSecureContext, getCACertificates, type PeerCertificate, type TLSSocket } from 'node:tls'
import { PRODUCT, VERSION } from '../product.ts'
import { proxyFor } from '../transport/environment-proxy.ts'

/** How a document is fetched. */
export interface DownloadOptions {
  readonly url: string
  /** Plain HTTP is allowed, and certificates are not verified. */
  readonly insecure: boolean
  /** SHA-256 of public keys, of which a certificate of the server must have one, in base64url with padding; none: any. */
  readonly fingerprints: readonly string[]
  /** Certificates in PEM that count beside the system's. */
  readonly ca: string | null
  /** Names as OpenSSL has them, joined by colons. */
  readonly ciphers: string
  readonly maxBytes: number
  /** For the whole download, redirects among it. */
  readonly timeoutMs: number
}

/** A document that could not be fetched, or is not what it should be. */
export class DownloadError extends Error {
  override name = 'DownloadError'
}

const JSON_TYPES = ['application/json', 'application/jwk-set+json']
const MAX_REDIRECTS = 5

/**
 * Prepares the download of a JSON document. Each call makes one; it rejects with the reason when the document does not
 * arrive in time, is too large or of another type, and when a redirect leads away from HTTPS.
 */
export function createDownload(options: DownloadOptions): () => Promise<Buffer> {
  let agents: Agents | null = null
  return () => {
    agents ??= createAgents(options)
    return download(options, agents)
  }
}

type Agents = (url: URL) => { readonly agent: Agent; readonly request: typeof import('node:https').request }

function createAgents({ url, insecure, ca, ciphers }: DownloadOptions): Agents {
  // Not by `import`: see the listener.
  const http = process.getBuiltinModule('node:http')
  const https = process.getBuiltinModule('node:https')
  const proxyEnv = proxyFor(new URL(url).origin, process.env) === undefined ? {} : { proxyEnv: process.env }
  const secure = new https.Agent({
    ...proxyEnv,
    secureContext: createSecureContext({
      ciphers,
      minVersion: 'TLSv1.2',
      ...(ca === null ? {} : { ca: [...getCACertificates('default'), ca] }),
    }),
    maxCachedSessions: 0, // a resumed session has no certificates to compare
    rejectUnauthorized: !insecure,
  })
  const plain = new http.Agent(proxyEnv) as unknown as Agent
  return ({ protocol }) =>
    protocol === 'https:'
      ? { agent: secure, request: https.request }
      : { agent: plain, request: http.request as typeof https.request }
}

function download(options: DownloadOptions, agents: Agents): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  let current: ClientRequest | null = null
  const timer = setTimeout(
    () => fail(new DownloadError(`no answer within ${options.timeoutMs}ms`)),
    options.timeoutMs,
  ).unref()
  const fail = (error: Error): void => {
    clearTimeout(timer)
    reject(error instanceof DownloadError ? error : new DownloadError(error.message, { cause: error }))
    current?.destroy()
  }
  const visit = (url: URL, redirects: number): void => {
    if (url.protocol !== 'https:' && !(options.insecure && url.protocol === 'http:')) {
      fail(new DownloadError(`a redirect to ${url.protocol}// is not followed`))
      return
    }
    const { agent, request } = agents(url)
    const headers = { Accept: JSON_TYPES.join(', '), 'User-Agent': `${PRODUCT} Version ${VERSION}` }
    current = request(url, { agent, headers } satisfies RequestOptions)
    if (options.fingerprints.length > 0) pin(current, options.fingerprints, fail)
    current.on('error', fail).on('response', (response: IncomingMessage) => {
      const location = redirectOf(response, url)
      if (location === null) receive(response, options.maxBytes, done, fail)
      else if (redirects === MAX_REDIRECTS) fail(new DownloadError('too many redirects'))
      else if (url.protocol === 'https:' && location.protocol !== 'https:') {
        fail(new DownloadError('a redirect from https:// to plain HTTP is not followed'))
      } else {
        response.destroy() // its body may have no end
        visit(location, redirects + 1)
      }
    })
    current.end()
  }
  const done = (body: Buffer): void => {
    clearTimeout(timer)
    resolve(body)
  }
  visit(new URL(options.url), 0)
  return promise
}

function redirectOf({ statusCode = 0, headers: { location } }: IncomingMessage, base: URL): URL | null {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) return null
  return URL.canParse(location, base.href) ? new URL(location, base) : null
}

function receive(
  response: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer) => void,
  fail: (error: Error) => void,
): void {
  const type = response.headers['content-type'] ?? ''
  if (!JSON_TYPES.some((allowed) => type.toLowerCase().startsWith(allowed))) {
    fail(new DownloadError(`the content type is ${JSON.stringify(type)}, not ${JSON_TYPES.join(' or ')}`))
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  response.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBytes) fail(new DownloadError(`the document is larger than ${maxBytes} bytes`))
    else chunks.push(chunk)
  })
  response.on('error', fail).on('end', () => done(Buffer.concat(chunks)))
}

/** Ends the connection unless one certificate of the server's chain has one of the public keys. */
function pin(request: ClientRequest, fingerprints: readonly string[], fail: (error: Error) => void): void {
  request.on('socket', (socket) => {
    const tls = socket as TLSSocket & { readonly secureConnecting?: boolean }
    const check = (): void => {
      if (!hasFingerprint(tls, fingerprints)) fail(new DownloadError('no certificate has one of the jwk_fingerprints'))
    }
    if (typeof tls.getPeerCertificate !== 'function') fail(new DownloadError('jwk_fingerprints need https://'))
    else if (tls.secureConnecting) tls.once('secureConnect', check)
    else check()
  })
}

function hasFingerprint(socket: TLSSocket, fingerprints: readonly string[]): boolean {
  const seen = new Set<PeerCertificate>()
  let certificate = socket.getPeerCertificate(true) as PeerCertificate & { issuerCertificate?: PeerCertificate }
  let issued: X509Certificate | null = null
  while (certificate?.raw !== undefined && !seen.has(certificate)) {
    seen.add(certificate)
    const current = new X509Certificate(certificate.raw)
    const { publicKey } = current
    // Issuers are found by name: where certificates are not verified anybody can send along one that is pinned.
    if (issued !== null && !issued.verify(publicKey)) return false
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const fingerprint = createHash('sha256').update(spki).digest('base64').replaceAll('+', '-').replaceAll('/', '_')
    if (fingerprints.includes(fingerprint)) return true
    issued = current
    certificate = certificate.issuerCertificate as typeof certificate
  }
  return false
}
