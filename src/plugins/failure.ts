import { inspect } from 'node:util'
import { Failure } from '../pipes/failure.ts'
import type { CallSite } from './call.ts'
import { FetchFailure } from './tools/fetch-failure.ts'

/** A plugin threw, or returned what it must not: the request is answered with 500. */
export class PluginFailure extends Failure {
  override name = 'PluginFailure'
  override readonly publicText: string
  override readonly isCrash: boolean
  readonly site: CallSite

  /** @param thrown whatever the plugin threw; need not be an Error */
  constructor(site: CallSite, thrown: unknown) {
    super(`${nameOf(site)}: ${oneLine(thrown instanceof FetchFailure ? thrown.text : textOf(thrown))}`, {
      cause: thrown,
    })
    this.publicText = thrown instanceof FetchFailure ? thrown.publicText : textOf(thrown)
    this.isCrash = thrown instanceof Error && 'isCrash' in thrown && thrown.isCrash === true
    this.site = site
  }

  /** For the log: the message, the sort of error, and the line of the plugin that threw. */
  get logText(): string {
    return this.message + originOf(this.cause)
  }
}

/** A plugin did not settle in time: the request is answered with 500 and what it still does is ignored. */
export class PluginTimeout extends Failure {
  override name = 'PluginTimeout'
  override readonly publicText = 'context deadline exceeded'
  readonly site: CallSite

  /** @param limit completes the sentence: `within 100 ms` */
  constructor(site: CallSite, limit: string, cause: Error | undefined) {
    const text = `${nameOf(site)}: did not settle ${limit}`
    super(text, cause === undefined ? undefined : { cause })
    this.site = site
  }
}

/** The plugin with its version, the hook and the place. */
function nameOf({ plugin, version, hook, place }: CallSite): string {
  return `plugin "${plugin}"${version === '' ? '' : ` ${version}`}, ${hook} at ${place}`
}

/** On one line: what was thrown, its sort, and the line that threw it. */
export function describeThrown(thrown: unknown): string {
  return oneLine(textOf(thrown)) + originOf(thrown)
}

function originOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  const frame = authorsFrame(thrown.stack ?? '')
  return ` [${thrown.name}${frame === undefined ? '' : ` at ${frame}`}]`
}

/** Where the gateway's own code lies: the source, or the bundle. */
const OWN_CODE = new URL(import.meta.url.endsWith('.ts') ? '..' : '.', import.meta.url).href

/** The first frame in code of the author; else of a package that it uses; else of whoever threw. */
function authorsFrame(stack: string): string | undefined {
  const frames = Array.from(stack.matchAll(/\n\s+at (.*)/g), ([, frame = '']) => frame)
  const foreign = frames.filter(
    (frame) => !frame.includes('node:') && !frame.endsWith('(<anonymous>)') && !frame.includes(OWN_CODE),
  )
  return foreign.find((frame) => !frame.includes('/node_modules/')) ?? foreign[0] ?? frames[0]
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}

/** The text of anything that can be thrown. */
export function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}
