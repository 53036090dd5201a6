import type { Clock } from '../pipes/clock.ts'
import { Context } from '../pipes/context.ts'
import { DeadlineExceeded, Failure } from '../pipes/failure.ts'
import type { SharedDocument } from './shared-document.ts'
import type { CredentialStyle, Grant } from './token-request.ts'

/** No token could be had, so the backend was not called. */
export class TokenUnavailable extends Failure {
  override name = 'TokenUnavailable'
  override readonly publicText = 'no access token for the backend'

  constructor(reason: string) {
    super(`oauth2: ${reason}`)
  }
}

/** A token that all threads and all backends with the same credentials share. */
export interface AccessToken {
  /** The value of `Authorization`; null when there is none that counts. Begins to renew one that soon ends. */
  current(now: number): string | null
  /**
   * Fetches a token, or waits for whoever does, no longer than the request lasts.
   * @throws TokenUnavailable, or the context's reason
   */
  fetch(context: Context): Promise<string>
  /**
   * Fetches another one, for a backend has refused this one.
   * @returns null when there is no other
   */
  renew(refused: string, context: Context): Promise<string | null>
  /** A renewed token was refused as well: for a while the token is not what a refusal is about. */
  notAtFault(now: number): void
}

/** What is known of the token, as the threads tell each other. Times are milliseconds since 1970. */
export interface TokenState {
  readonly authorization: string
  readonly endsAt: number
  /** From when on the next one is fetched while this one still counts. */
  readonly renewAt: number
  readonly style: CredentialStyle | null
  /** Failed attempts since the last token, why the last of them failed, and when there may be another one. */
  readonly failures: number
  readonly error: string
  readonly retryAt: number
}

const NO_TOKEN: TokenState = {
  ...{ authorization: '', endsAt: 0, renewAt: 0, style: null },
  ...{ failures: 0, error: 'no token has been fetched', retryAt: 0 },
}

/** A token ends this much earlier here than it does at the server, as in the reference. */
const EARLY_MS = 10_000
/** How long before its end a token is renewed: a tenth of its life, at most this. */
const MOST_AHEAD_MS = 60_000
/** For one fetch with both styles; shorter than the lock of the shared document. */
const FETCH_MS = 8_000
/** So many attempts may follow each other at once; then the pauses grow. */
const QUICK_FAILURES = 2
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000
/** While a token still counts there is no hurry. */
const AHEAD_PAUSE_MS = 1_000
const NOT_AT_FAULT_MS = 30_000

/** @param document what `nextState` makes, for all threads; its `refresh` fetches a token */
export function createAccessToken(document: SharedDocument, clock: Clock): AccessToken {
  let state = NO_TOKEN
  let version = -1
  let blamelessUntil = 0

  function catchUp(): void {
    const latest = document.version()
    if (latest === version) return
    const text = document.read()
    if (text === null && latest > 0) return // it is being replaced
    version = latest
    if (text !== null) state = parseState(text)
  }

  /** Whether another token has come. */
  async function refresh(context: Context): Promise<boolean> {
    if (clock.wallTime() < state.retryAt) return false
    const before = version
    await whileOpen(context, document.refresh(before))
    catchUp()
    return version !== before && state.failures === 0 && state.authorization !== ''
  }

  return {
    current(now) {
      catchUp()
      if (state.authorization === '' || now >= state.endsAt) return null
      if (now >= state.renewAt && now >= state.retryAt) void document.refresh(version)
      return state.authorization
    },
    async fetch(context) {
      // One that is over already when it arrives is good for those who waited for it.
      if (await refresh(context)) return state.authorization
      if (clock.wallTime() < state.endsAt) return state.authorization
      throw new TokenUnavailable(state.error)
    },
    async renew(refused, context) {
      catchUp()
      if (state.authorization === refused) {
        if (clock.wallTime() < blamelessUntil || !(await refresh(context))) return null
      }
      return state.authorization === refused ? null : state.authorization
    },
    notAtFault(now) {
      blamelessUntil = now + NOT_AT_FAULT_MS
    },
  }
}

/** Makes what `SharedDocument` keeps: asks for a token and notes what came of it. Never rejects. */
export function tokenDownload(
  ask: (style: CredentialStyle | null, context: Context) => Promise<Grant>,
  read: () => string | null,
  clock: Clock,
  onFailure: (reason: string) => void,
): () => Promise<Buffer> {
  return async () => {
    const text = read()
    const before = text === null ? NO_TOKEN : parseState(text)
    const startedAt = clock.wallTime()
    const context = new Context(clock.now())
    context.clock = clock
    const takeBack = clock.schedule(() => context.cancel(new DeadlineExceeded()), FETCH_MS)
    try {
      return serialise(granted(await ask(before.style, context), startedAt))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      onFailure(reason)
      return serialise(failed(before, reason, clock.wallTime()))
    } finally {
      takeBack()
      context.finish()
    }
  }
}

function granted({ authorization, lifetimeMs, style }: Grant, startedAt: number): TokenState {
  const usableMs = lifetimeMs - EARLY_MS
  const aheadMs = Math.min(usableMs / 10, MOST_AHEAD_MS)
  const endsAt = startedAt + usableMs
  const renewAt = endsAt === Number.POSITIVE_INFINITY ? endsAt : endsAt - Math.max(0, aheadMs)
  return { authorization, endsAt, renewAt, style, failures: 0, error: '', retryAt: 0 }
}

function failed(before: TokenState, error: string, now: number): TokenState {
  const failures = before.failures + 1
  const pauses = failures - QUICK_FAILURES
  const pauseMs = pauses < 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(pauses, 10))
  const retryAt = now + (before.endsAt > now ? Math.max(AHEAD_PAUSE_MS, pauseMs) : pauseMs)
  return { ...before, failures, error, retryAt }
}

/** Infinity is no JSON. */
function serialise(state: TokenState): Buffer {
  return Buffer.from(JSON.stringify(state))
}

function parseState(text: string): TokenState {
  const state = JSON.parse(text) as TokenState
  const { endsAt, renewAt } = state as { endsAt: number | null; renewAt: number | null }
  return { ...state, endsAt: endsAt ?? Number.POSITIVE_INFINITY, renewAt: renewAt ?? Number.POSITIVE_INFINITY }
}

/** Waits for what goes on when this request is over, for it serves others too. */
function whileOpen(context: Context, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const guard = { cancel: reject }
    context.attach(guard)
    const end = (): void => {
      context.detach(guard)
      resolve()
    }
    work.then(end, end)
  })
}
