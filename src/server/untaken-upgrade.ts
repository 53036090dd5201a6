import type { IncomingMessage } from 'node:http'

/**
 * Whether a request that asks for an upgrade which it does not get must be the last of its connection. Node's parser stops
 * behind such a request, and what came with it in one piece is lost: from where it then goes on, anything could pass for a
 * request. Only one that came alone, as the first, lets the connection go on; clients that offer HTTP/2 so do that.
 */
export function endsConnection({ headers, rawHeaders: raw, method, url, socket }: IncomingMessage): boolean {
  if (headers.upgrade === undefined) return false
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return true
  let length = `${method} ${url} HTTP/1.1\r\n\r\n`.length
  for (let i = 0; i < raw.length; i += 2) length += `${raw[i]}: ${raw[i + 1]}\r\n`.length
  return socket.bytesRead !== length
}
