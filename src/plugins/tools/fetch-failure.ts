import { Failure } from '../../pipes/failure.ts'
import type { HttpRequest } from '../../pipes/http.ts'

/** A plugin's own call got no answer. */
export class FetchFailure extends Failure {
  override name = 'FetchFailure'
  override readonly publicText: string
  /** The message without the plugin's name. The query is left out, for it may hold secrets. */
  readonly text: string

  constructor(plugin: string, { method, origin, path }: HttpRequest, cause: unknown) {
    const text = `fetch ${method} ${origin}${path}: ${reasonOf(cause, `${method} ${origin}${path}: `)}`
    super(`plugin "${plugin}": ${text}`, { cause })
    this.text = text
    this.publicText = (cause instanceof Failure ? cause.publicText : undefined) ?? 'a call of a plugin failed'
  }
}

/** @param prefix what the client puts before its own texts */
function reasonOf(cause: unknown, prefix: string): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}
