import { definePlugin } from 'loligo/plugin'

/** Answers by itself and lets the call behind it fail alone. */
export const forgetsNext = definePlugin({
  name: 'forgets-next',
  middleware: () => (next) => (request, context) => {
    next(request, context)
    return { data: { own: true } }
  },
})
