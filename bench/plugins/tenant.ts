import { definePlugin, Type } from 'loligo/plugin'

/** A server plugin: reads a header of the request and says in the answer what it saw. */
export const tenant = definePlugin({
  name: 'bench-tenant',
  options: Type.Object({ header: Type.String() }),
  server: (options) => (next) => async (request, context) => {
    const seen = request.headers.get(options.header)
    const response = await next(request, context)
    if (seen !== null) response.headers.set('X-Tenant-Seen', seen)
    return response
  },
})
