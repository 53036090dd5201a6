/** What OpenSSL calls the cipher suites that a configuration names by their numbers (IANA's registry, in decimal). */
const SUITES: ReadonlyMap<number, string> = new Map([
  [10, 'DES-CBC3-SHA'],
  [47, 'AES128-SHA'],
  [53, 'AES256-SHA'],
  [60, 'AES128-SHA256'],
  [156, 'AES128-GCM-SHA256'],
  [157, 'AES256-GCM-SHA384'],
  [4865, 'TLS_AES_128_GCM_SHA256'],
  [4866, 'TLS_AES_256_GCM_SHA384'],
  [4867, 'TLS_CHACHA20_POLY1305_SHA256'],
  [49161, 'ECDHE-ECDSA-AES128-SHA'],
  [49162, 'ECDHE-ECDSA-AES256-SHA'],
  [49171, 'ECDHE-RSA-AES128-SHA'],
  [49172, 'ECDHE-RSA-AES256-SHA'],
  [49187, 'ECDHE-ECDSA-AES128-SHA256'],
  [49191, 'ECDHE-RSA-AES128-SHA256'],
  [49195, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  [49196, 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  [49199, 'ECDHE-RSA-AES128-GCM-SHA256'],
  [49200, 'ECDHE-RSA-AES256-GCM-SHA384'],
  [52392, 'ECDHE-RSA-CHACHA20-POLY1305'],
  [52393, 'ECDHE-ECDSA-CHACHA20-POLY1305'],
])

/** Those of TLS 1.3 are always there. */
const OF_TLS_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** The suites that the reference offers where none are configured. */
export const DEFAULT_CIPHER_SUITES = [49199, 49195, 49200, 49196, 52392, 52393]

/** Whether a number names a cipher suite that OpenSSL knows. */
export function isCipherSuite(number: number): boolean {
  return SUITES.has(number)
}

/**
 * Cipher suites by number as OpenSSL wants them, those of TLS 1.3 first.
 * @throws RangeError for a number that is not known
 */
export function openSslCiphers(numbers: readonly number[]): string {
  const names = numbers.map((number) => {
    const name = SUITES.get(number)
    if (name === undefined) throw new RangeError(`the cipher suite ${number} is not known`)
    return name
  })
  return [...new Set([...OF_TLS_1_3, ...names])].join(':')
}
