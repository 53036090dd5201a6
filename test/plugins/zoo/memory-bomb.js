import { definePlugin } from 'loligo/plugin'

export const memoryBomb = definePlugin({
  name: 'memory-bomb',
  modifier: () => ({
    request: () => {
      const kept = []
      for (;;) kept.push(new Array(10_000).fill({}))
    },
  }),
})
