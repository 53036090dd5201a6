import type { BackendTools } from '../config/feature.ts'
import { type Body, BodyStream } from '../pipes/body.ts'
import type { Clock } from '../pipes/clock.ts'
import type { Context } from '../pipes/context.ts'
import { HeaderList, sameName } from '../pipes/headers.ts'
import { HttpRequest, type HttpResponse, type HttpStage } from '../pipes/http.ts'
import { cellName } from '../shared/cells.ts'
import { type AccessToken, createAccessToken, TokenUnavailable, tokenDownload } from './access-token.ts'
import type { ClientCredentialsOptions } from './client-credentials-options.ts'
import { openSharedDocument, type SharedDocument } from './shared-document.ts'
import { requestToken } from './token-request.ts'

/**
 * The stage of `auth/client-credentials`: calls the backend with a token of the gateway's own. Places with the same
 * credentials share one token, in all threads, and over a reload. Specification: traffic-security 12.
 */
export async function makeClientCredentials(
  options: ClientCredentialsOptions,
  tools: BackendTools,
): Promise<HttpStage> {
  const { clock } = tools
  if (options.token_url === '') return withoutToken
  const name = cellName('auth/client-credentials', '', options)
  const document = await tools.shared(name, () => openToken(name, options, tools))
  return withToken(
    tools.shared(`${name} token`, () => createAccessToken(document, clock)),
    clock,
  )
}

async function openToken(
  name: string,
  options: ClientCredentialsOptions,
  { cells, clock, http, log }: BackendTools,
): Promise<SharedDocument> {
  let opened: SharedDocument | null = null
  const download = tokenDownload(
    (style, context) => requestToken(options, style, http, context),
    () => opened?.read() ?? null,
    clock,
    (reason) => log.warning(`oauth2: ${reason}`),
  )
  opened = await openSharedDocument({
    ...{ name, cells, clock, download },
    onFailure: (error) => log.warning(`oauth2: ${error.message}`),
  })
  return opened
}

/** For options that are wrong: the backend must not be called as somebody else. */
const withoutToken: HttpStage = () => () => Promise.reject(new TokenUnavailable('the options are wrong'))

function withToken(token: AccessToken, clock: Clock): HttpStage {
  return (next) => {
    const call = async (request: HttpRequest, authorization: string, context: Context): Promise<HttpResponse> => {
      const first = authorised(request, authorization, bodyOf(request))
      const response = await next(first, context)
      if (response.status !== 401) return response
      const renewing = token.renew(authorization, context)
      const { body } = first // the steps below may have read it
      if (body instanceof BodyStream) {
        renewing.catch(() => {}) // for later calls: this body is gone
        return response
      }
      const renewed = await renewing
      if (renewed === null) return response
      if (response.body instanceof BodyStream) response.body.cancel(REPEATED)
      const second = await next(authorised(request, renewed, body), context)
      if (second.status === 401) token.notAtFault(clock.wallTime())
      return second
    }
    return (request, context) => {
      const authorization = token.current(clock.wallTime())
      if (authorization !== null) return call(request, authorization, context)
      return token.fetch(context).then((fetched) => call(request, fetched, context))
    }
  }
}

const REPEATED = new Error('the call is repeated with another token')

/** A short body has often arrived by now: as bytes it can be sent twice. */
function bodyOf({ body }: HttpRequest): Body {
  return body instanceof BodyStream ? (body.takeWhole() ?? body) : body
}

/** A copy, for the steps outside still look at the request: what they see must not depend on the token. */
function authorised(request: HttpRequest, authorization: string, body: Body): HttpRequest {
  const { method, origin, remoteAddress } = request
  const { raw } = request.headers
  const fields: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 13 || !sameName(name, 'authorization')) fields.push(name, raw[i + 1] as string)
  }
  fields.push('Authorization', authorization)
  const copy = new HttpRequest(method, request.currentTarget(), new HeaderList(fields), body, origin, remoteAddress)
  copy.replayable = request.replayable
  return copy
}
