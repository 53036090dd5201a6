import { Failure } from '../../../pipes/failure.ts'
import { HeaderList } from '../../../pipes/headers.ts'
import type { FrameReader } from './frames.ts'

const FAIL = { panic: 1, aborted: 2 } as const

/** An error that a modifier or a middleware returned: its decision about the answer (specification: plugins 4.5). */
export class GoError extends Failure {
  override name = 'GoError'
  override readonly status: number
  override readonly contentType: string | undefined
  override readonly headers: HeaderList | undefined
  override readonly publicText: string

  constructor(text: string, status: number, encoding: string, headers: HeaderList) {
    super(text)
    this.publicText = text
    this.status = status >= 100 && status <= 599 ? status : 500
    this.contentType = encoding === '' ? undefined : encoding
    this.headers = headers
  }
}

/** A handler ended its answer on purpose (`http.ErrAbortHandler`): nothing is told about it. */
export class Aborted extends Failure {
  override name = 'Aborted'
}

/** A panic in Go: where it happened is told by the stack of the goroutine. */
export class GoPanic extends Error {
  override name = 'GoPanic'
  /** The reference answers a panic with the status alone (specification: plugins 4.5). */
  readonly isCrash = true

  constructor(text: string, stack: string) {
    super(text)
    const place = authorsFrame(stack)
    this.stack = `GoPanic: ${text}${place === '' ? '' : `\n    at ${place}`}`
  }
}

/** Reads why a call has no result. */
export function guestFailure(flags: number, reader: FrameReader): Error {
  const text = reader.utf8()
  const stack = reader.utf8()
  if (flags === FAIL.aborted) return new Aborted(text)
  return flags === FAIL.panic ? new GoPanic(text, stack) : new Error(text)
}

/** Reads an error that a modifier or a middleware returned. */
export function readGoError(reader: FrameReader): GoError {
  const status = reader.u16()
  const text = reader.utf8()
  const encoding = reader.value('Content-Type')
  return new GoError(text, status, encoding, new HeaderList(reader.fields()))
}

/** The first line of a goroutine's stack that is the plugin's: behind the panic, and not of Go or the bridge. */
function authorsFrame(stack: string): string {
  const lines = stack.split('\n')
  const from = lines.findIndex((line) => line.startsWith('panic('))
  for (let i = from + 2; i + 1 < lines.length; i += 2) {
    const [name = '', file = ''] = [lines[i], lines[i + 1]]
    if (name.startsWith('runtime.') || name.startsWith('loligo/bridge.') || file.includes('/src/runtime/')) continue
    return `${name.replace(/\([^()]*\)$/, '')} (${file.trim().replace(/ \+0x[0-9a-f]+$/, '')})`
  }
  return ''
}
