import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Body, BodyStream } from '../pipes/body.ts'
import { ClientGone } from '../pipes/failure.ts'
import { HeaderList, sameName } from '../pipes/headers.ts'
import { HttpRequest } from '../pipes/http.ts'

/**
 * The client's request as the pipes take it. Nothing of the body is read before somebody asks for it.
 * @param waiting the answer to a client that sends its body when it is told to (`Expect: 100-continue`); null: it sends
 */
export function toHttpRequest(
  message: IncomingMessage,
  remoteAddress: string,
  waiting: ServerResponse | null = null,
): HttpRequest {
  const raw = message.rawHeaders
  const target = message.url as string
  return new HttpRequest(
    message.method as string,
    target.charCodeAt(0) === 47 ? target : originForm(target, raw),
    new HeaderList(raw),
    bodyOf(message, raw, waiting),
    '',
    remoteAddress,
  )
}

/**
 * `http://host/path` on the request line means `/path`, and its host counts in place of the field `Host` (RFC 9112,
 * section 3.2.2); `*` stays.
 */
function originForm(target: string, raw: string[]): string {
  const absolute = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(target)
  if (absolute === null) return target
  const host = absolute[1] as string
  const at = raw.findIndex((name, i) => i % 2 === 0 && sameName(name, 'host'))
  if (at === -1) raw.push('Host', host)
  else raw[at + 1] = host
  const rest = target.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A request has a body when it declares one (RFC 9112, section 6.3). */
function bodyOf(message: IncomingMessage, raw: readonly string[], waiting: ServerResponse | null): Body {
  let length = -1
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 14 && sameName(name, 'content-length')) length = Number(raw[i + 1])
    else if (name.length === 17 && sameName(name, 'transfer-encoding')) {
      return streamOf(message, -1, waiting)
    }
  }
  return length <= 0 ? null : streamOf(message, length, waiting)
}

function streamOf(message: IncomingMessage, length: number, waiting: ServerResponse | null): BodyStream {
  const stream: BodyStream = new BodyStream(
    {
      start: () => {
        if (waiting !== null && !waiting.headersSent) waiting.writeContinue()
        message.on('data', (chunk: Buffer) => stream.push(chunk))
        message.on('end', () => stream.end())
        message.on('error', () => stream.fail(new ClientGone()))
        message.on('close', () => stream.fail(new ClientGone()))
      },
      pause: () => message.pause(),
      resume: () => message.resume(),
      cancel: () => message.resume(), // read and dropped, so that the connection can go on
    },
    length,
  )
  return stream
}
