import { defineFeature } from '../../../config/feature.ts'
import { ClientTlsSchema } from '../../../config/tls-schema.ts'
import { Type } from '../../../config/type.ts'
import { wholeBody } from '../../../pipes/whole-body.ts'

/**
 * `backend/http/client`: options of the HTTP client of one backend. `send_body_on_redirect` keeps the body, so that a
 * 307 or 308 of the upstream can be followed with it; specification: core 4.2. `client_tls` chooses the client: see the
 * gateway's `upstream-clients.ts`.
 */
export const backendHttpClient = defineFeature({
  namespace: 'backend/http/client',
  options: Type.Object({
    send_body_on_redirect: Type.Optional(
      Type.Boolean({ description: 'send the body again when the upstream redirects with 307 or 308', default: false }),
    ),
    client_tls: Type.Optional(ClientTlsSchema),
  }),
  transport: (options) => {
    if (!options.send_body_on_redirect) return null
    return (next) => async (request, context) => {
      if (request.body !== null) {
        await wholeBody(request, context)
        request.replayable = true
      }
      return next(request, context)
    }
  },
})
