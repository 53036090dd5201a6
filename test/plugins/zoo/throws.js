import { definePlugin } from 'loligo/plugin'

export const throws = definePlugin({
  name: 'throws',
  modifier: () => ({
    request: () => {
      throw new Error('a bug')
    },
  }),
})
