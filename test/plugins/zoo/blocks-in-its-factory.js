import { definePlugin } from 'loligo/plugin'

export const blocksInItsFactory = definePlugin({
  name: 'blocks-in-its-factory',
  modifier: () => {
    for (;;);
  },
})
