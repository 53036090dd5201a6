import { definePlugin } from 'loligo/plugin'

/** As many plugins of every kind as one row of the bench stacks; each touches one header of the request. */
export const stack = Array.from({ length: 20 }, (_, index) =>
  definePlugin({
    name: `bench-stack-${index}`,
    server: () => (next) => (request, context) => {
      request.headers.set('X-Stack', 'seen')
      return next(request, context)
    },
    modifier: () => ({
      request(request) {
        request.headers.set('X-Stack', 'seen')
      },
    }),
    middleware: () => (next) => (request, context) => {
      request.headers.set('X-Stack', 'seen')
      return next(request, context)
    },
    client: () => (next) => (request, context) => {
      request.headers.set('X-Stack', 'seen')
      return next(request, context)
    },
  }),
)

/** The same on the way back: an async function of the plugin's own comes on top. */
export const late = Array.from({ length: 20 }, (_, index) =>
  definePlugin({
    name: `bench-late-${index}`,
    server: () => (next) => async (request, context) => {
      const response = await next(request, context)
      response.headers.set('X-Stack', 'seen')
      return response
    },
  }),
)
