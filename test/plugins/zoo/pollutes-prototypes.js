import { definePlugin } from 'loligo/plugin'

export const pollutesPrototypes = definePlugin({
  name: 'pollutes-prototypes',
  modifier: () => ({
    request: () => {
      Object.prototype.isAdmin = true
    },
  }),
})
