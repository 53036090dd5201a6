import { inspect } from 'node:util'
import { Failure } from '../pipes/failure.ts'
import type { CallSite } from './call.ts'

/** A plugin threw, or returned what it must not: the request is answered with 500. */
export class PluginFailure extends Failure {
  override name = 'PluginFailure'
  override readonly publicText: string
  readonly site: CallSite

  /** @param thrown whatever the plugin threw; need not be an Error */
  constructor(site: CallSite, thrown: unknown) {
    const text = textOf(thrown)
    super(`plugin "${site.plugin}", ${site.hook} at ${site.place}: ${text}`, { cause: thrown })
    this.publicText = text
    this.site = site
  }

  /** For the log: the message, the sort of error, and the line of the plugin that threw. */
  get logText(): string {
    const { cause } = this
    if (!(cause instanceof Error)) return this.message
    const frame = /\n\s+at (.*)/.exec(cause.stack ?? '')?.[1]
    return `${this.message} [${cause.name}${frame === undefined ? '' : ` at ${frame}`}]`
  }
}

/** A plugin did not settle in time: the request is answered with 500 and what it still does is ignored. */
export class PluginTimeout extends Failure {
  override name = 'PluginTimeout'
  override readonly publicText = 'context deadline exceeded'
  readonly site: CallSite

  /** @param limit completes the sentence: `within 100 ms` */
  constructor(site: CallSite, limit: string, cause: Error | undefined) {
    const text = `plugin "${site.plugin}", ${site.hook} at ${site.place}: did not settle ${limit}`
    super(text, cause === undefined ? undefined : { cause })
    this.site = site
  }
}

/** The text of anything that can be thrown. */
export function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
