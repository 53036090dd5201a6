import { DEFAULT_CIPHER_SUITES, isCipherSuite, openSslCiphers } from './cipher-suites.ts'
import type { ClientTls, KeyFiles, ServerTls, TlsProtocol, TlsVersion } from './model.ts'
import { formatPath, type Path } from './path.ts'
import type { Report } from './report.ts'
import type { ClientTlsInput, TlsInput } from './tls-schema.ts'

/** From the oldest on. OpenSSL has no SSL 3.0, and the reference speaks none either. */
const VERSIONS: ReadonlyMap<string, TlsVersion> = new Map([
  ['SSL3.0', 'TLSv1'],
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
])
const ORDER = [...VERSIONS.values()]

/** IANA's registry of supported groups. */
const CURVES: ReadonlyMap<number, string> = new Map([
  [23, 'P-256'],
  [24, 'P-384'],
  [25, 'P-521'],
  [29, 'X25519'],
  [4588, 'X25519MLKEM768'],
])

/** The root's `tls`; null where the server speaks plain HTTP. Specification: traffic-security 13. */
export function serverTls(input: TlsInput | undefined, report: Report): ServerTls | null {
  if (input === undefined || input.disabled === true) return null
  const path: Path = ['tls']
  const keys = serverKeys(input, report)
  const requiresClientCertificate = input.enable_mtls ?? false
  const protocol = tlsProtocol(input, path, report)
  if (requiresClientCertificate && protocol.systemCas) {
    const message = 'every client with a certificate of a public authority may connect'
    report.add({ code: 'CONFIG_MTLS_TRUSTS_ALL', severity: 'warning', path: [...path, 'enable_mtls'], message })
  }
  return { ...protocol, keys, requiresClientCertificate }
}

function serverKeys({ keys = [], public_key, private_key }: TlsInput, report: Report): readonly KeyFiles[] {
  const files = keys
    .filter((key) => key !== undefined) // one that is wrong has been reported
    .map((key) => ({ certificate: key.public_key, privateKey: key.private_key }))
  if (public_key && private_key) files.push({ certificate: public_key, privateKey: private_key })
  else if (public_key || private_key) {
    const missing = public_key ? 'private_key' : 'public_key'
    report.add({ code: 'CONFIG_MISSING_KEY', path: ['tls'], message: `the required key "${missing}" is missing` })
  } else if (keys.length === 0) {
    const remedy = 'Add "keys" with the files of a certificate, or set "disabled": true for plain HTTP.'
    report.add({ code: 'CONFIG_MISSING_KEY', path: ['tls'], message: 'HTTPS needs a certificate', remedy })
  }
  return files
}

/** A `client_tls`, which replaces another as a whole; null without one. Specification: traffic-security 14. */
export function clientTls(input: ClientTlsInput | undefined, path: Path, report: Report): ClientTls | null {
  if (input === undefined) return null
  const certificates = (input.client_certs ?? [])
    .filter((pair) => pair !== undefined)
    .map((pair) => ({ certificate: pair.certificate, privateKey: pair.private_key }))
  return {
    ...tlsProtocol(input, path, report),
    allowInsecureConnections: input.allow_insecure_connections ?? false,
    certificates,
  }
}

function tlsProtocol(input: TlsInput | ClientTlsInput, path: Path, report: Report): TlsProtocol {
  const minVersion = version(input.min_version, [...path, 'min_version'], report)
  const maxVersion = version(input.max_version, [...path, 'max_version'], report)
  if (ORDER.indexOf(minVersion) > ORDER.indexOf(maxVersion)) {
    const message = `the newest version, ${maxVersion}, is older than the oldest, ${minVersion}`
    const remedy = 'Set min_version too: it is TLS13 when absent.'
    report.add({ code: 'CONFIG_INVALID_VALUE', path: [...path, 'max_version'], message, remedy })
  }
  return {
    minVersion,
    maxVersion,
    ciphers: ciphers(input.cipher_suites, minVersion, [...path, 'cipher_suites'], report),
    curves: curves(input.curve_preferences, [...path, 'curve_preferences'], report),
    caFiles: (input.ca_certs ?? []).filter((file) => file !== undefined && file !== ''),
    systemCas: input.disable_system_ca_pool !== true,
    where: formatPath(path),
  }
}

/** The reference takes an unknown version for TLS13 without a word. */
function version(text: string | undefined, path: Path, report: Report): TlsVersion {
  if (text === undefined || text === '') return 'TLSv1.3'
  const known = VERSIONS.get(text)
  if (known !== undefined) return known
  const message = `the TLS version ${JSON.stringify(text)} is not known and counts as TLS13`
  report.refuse({ code: 'CONFIG_INVALID_VALUE', path, message, remedy: 'Write TLS10, TLS11, TLS12 or TLS13.' })
  return 'TLSv1.3'
}

function ciphers(numbers: readonly number[] | undefined, oldest: TlsVersion, path: Path, report: Report): string {
  const wanted = numbers === undefined || numbers.length === 0 ? DEFAULT_CIPHER_SUITES : numbers
  const known = wanted.filter(isCipherSuite)
  tellUnknown('cipher suite', wanted, known, path, report)
  const names = openSslCiphers(known)
  // OpenSSL takes the digests of these versions for broken, and speaks them at this level alone.
  return oldest === 'TLSv1' || oldest === 'TLSv1.1' ? `${names}:@SECLEVEL=0` : names
}

function curves(numbers: readonly number[] = [], path: Path, report: Report): string {
  const known = numbers.filter((number) => CURVES.has(number))
  tellUnknown('curve', numbers, known, path, report)
  return known.length === 0 ? 'auto' : known.map((number) => CURVES.get(number)).join(':')
}

/** The reference leaves out what it does not know. */
function tellUnknown(
  what: string,
  wanted: readonly number[],
  known: readonly number[],
  path: Path,
  report: Report,
): void {
  for (const number of wanted) {
    if (known.includes(number) || number === undefined) continue
    report.refuse({ code: 'CONFIG_INVALID_VALUE', path, message: `the ${what} ${number} is not known and left out` })
  }
}
