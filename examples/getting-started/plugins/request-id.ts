import { randomUUID } from 'node:crypto'
import { definePlugin, Type } from 'loligo/plugin'

/**
 * Gives every request an id: the one that the client sent, or a new one. The id goes on in the request's header, where
 * an endpoint may forward it (`input_headers`), and stands on the answer, so that a user can quote it.
 *
 * A file like this is loaded once in each gateway thread. What stands outside of the functions, such as a counter or a
 * cache, is therefore one per thread, not one for the gateway.
 */
export const requestId = definePlugin({
  name: 'request-id',

  // The configuration's block is checked against this before the gateway starts, and the defaults are filled in.
  options: Type.Object({
    header: Type.String({ default: 'X-Request-Id', minLength: 1, description: 'The header that carries the id' }),
    trust: Type.Boolean({ default: true, description: 'Whether an id that the client sent is kept' }),
  }),

  server:
    ({ header, trust }, { log }) =>
    (next) =>
    async (request, context) => {
      const sent = trust ? request.headers.get(header) : null
      const id = sent ?? randomUUID()
      request.headers.set(header, id)
      context.store.set('request-id', id)

      const response = await next(request, context)
      response.headers.set(header, id)
      if (response.status >= 500) log.warning(`${id} was answered with ${response.status}`)
      return response
    },
})
