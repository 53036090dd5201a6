import { readFileSync } from 'node:fs'
import type { ClientTls, TlsVersion, UpstreamOptions } from '../../../config/model.ts'

/** TLS versions by their numbers on the wire. */
const VERSIONS: Readonly<Record<TlsVersion, number>> = {
  TLSv1: 0x0301,
  'TLSv1.1': 0x0302,
  'TLSv1.2': 0x0303,
  'TLSv1.3': 0x0304,
}

/**
 * What the default transport of Go's `net/http` is told: the settings of the gateway's own calls, as in the reference
 * (specification: plugins 7.5). Files are read here, for the guest may not be allowed to. See `go/bridge/transport.go`.
 */
export function transportSettings(upstream: UpstreamOptions): Readonly<Record<string, unknown>> {
  const { tls, ...plain } = upstream
  const insecure = upstream.allowInsecureConnections || (tls?.allowInsecureConnections ?? false)
  return { ...plain, allowInsecureConnections: insecure, ...(tls !== null && tlsSettings(tls)) }
}

function tlsSettings({ minVersion, maxVersion, caFiles, systemCas, certificates }: ClientTls): Record<string, unknown> {
  return {
    minVersion: VERSIONS[minVersion],
    maxVersion: VERSIONS[maxVersion],
    authorities: caFiles.flatMap((file) => textOf(file) ?? []),
    systemAuthorities: systemCas,
    certificates: certificates.flatMap(({ certificate, privateKey }) => {
      const [text, key] = [textOf(certificate), textOf(privateKey)]
      return text === null || key === null ? [] : [{ certificate: text, key }]
    }),
  }
}

/** A file that cannot be read is told by the gateway's own client. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
