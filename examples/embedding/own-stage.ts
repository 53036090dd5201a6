// A stage of the program's own: a plugin that is a value, so it works on what the program holds.
import { definePlugin, type Plugin } from '../../src/sdk/plugin.ts' // 'loligo/plugin' in a program of your own

/** Counts the answers by status in a map of the program. */
export function countAnswers(counts: Map<number, number>): Plugin {
  return definePlugin({
    name: 'count-answers',
    server: () => (next) => async (request, context) => {
      const response = await next(request, context)
      counts.set(response.status, (counts.get(response.status) ?? 0) + 1)
      return response
    },
  })
}
