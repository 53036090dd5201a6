import type { Context } from './context.ts'

/** More of one request are not kept: a plugin may call the rest of the pipe as often as it likes. */
const MAX_SPANS = 200

/**
 * The time that one step of the pipe took for one request, within that of the step around it. The context has the
 * innermost one that is open; what is begun with it lies within.
 */
export class Span {
  readonly label: string
  /** Null for the outermost one, which stands for the whole trace. */
  readonly parent: Span | null
  /** In the order in which they began. */
  readonly children: Span[] = []
  /** Moments of `performance.now()`; NaN before it ended. */
  readonly startedAt = performance.now()
  endedAt = Number.NaN
  readonly #trace: { spans: number }

  constructor(label: string, parent: Span | null = null) {
    this.label = label
    this.parent = parent
    this.#trace = parent === null ? { spans: 0 } : parent.#trace
    this.#trace.spans++
    parent?.children.push(this)
  }

  /** Begins one within this one, or, when this one has ended, within the one around it. Null when there are too many. */
  begin(label: string): Span | null {
    if (this.#trace.spans >= MAX_SPANS) return null
    return this.ended && this.parent !== null ? this.parent.begin(label) : new Span(label, this)
  }

  get ended(): boolean {
    return !Number.isNaN(this.endedAt)
  }

  /** Ends it; the context, if it is still within, goes back to the one around it. */
  end(context: Context): void {
    this.endedAt = performance.now()
    for (let span = context.span; span !== null; span = span.parent) {
      if (span !== this) continue
      context.span = this.parent
      return
    }
  }
}

/** Runs a step within a span of its own. A request that is not traced costs a comparison. */
export function inSpan<Result>(label: string, context: Context, run: () => Result): Result {
  const span = context.span?.begin(label) ?? null
  if (span === null) return run()
  context.span = span
  let result: Result
  try {
    result = run()
  } catch (thrown) {
    span.end(context)
    throw thrown
  }
  if (!(result instanceof Promise)) {
    span.end(context)
    return result
  }
  return result.finally(() => span.end(context)) as Result
}

const MAX_LABEL = 120

/** A name as traces have it: visible ASCII and spaces, without what they put between entries. */
export function spanLabel(name: string): string {
  const label = name.replace(/[^ -~]|[,;]/gu, (character) => encodeURIComponent(character.toWellFormed()))
  return label.length <= MAX_LABEL ? label : `${label.slice(0, MAX_LABEL - 3)}...`
}
