import { definePlugin } from 'loligo/plugin'

export const rejects = definePlugin({
  name: 'rejects',
  modifier: () => ({
    request: async () => {
      await null
      throw new Error('a bug, later')
    },
  }),
})
