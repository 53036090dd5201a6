/** The first bytes of formats that browsers tell apart (WHATWG MIME Sniffing, the common part of its tables). */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ['%PDF-', 'application/pdf'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['\x1f\x8b\x08', 'application/x-gzip'],
  ['PK\x03\x04', 'application/zip'],
  ['wOFF', 'font/woff'],
  ['wOF2', 'font/woff2'],
  ['\xfe\xff', 'text/plain; charset=utf-16be'],
  ['\xff\xfe', 'text/plain; charset=utf-16le'],
  ['\xef\xbb\xbf', 'text/plain; charset=utf-8'],
]
const HTML =
  /^[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)(?=[\s>]|$)/i
const XML = /^[\t\n\f\r ]*<\?xml/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these bytes tell binary data from text
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/

/**
 * The content type of a body whose sender named none, told from its first bytes.
 * Specification: core 5.3.
 */
export function sniffContentType(first: Uint8Array | string): string {
  const head = (typeof first === 'string' ? Buffer.from(first) : Buffer.from(first)).subarray(0, 512).toString('latin1')
  if (HTML.test(head)) return 'text/html; charset=utf-8'
  if (XML.test(head)) return 'text/xml; charset=utf-8'
  for (const [signature, type] of SIGNATURES) if (head.startsWith(signature)) return type
  return BINARY.test(head) ? 'application/octet-stream' : 'text/plain; charset=utf-8'
}
