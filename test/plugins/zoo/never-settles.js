import { definePlugin } from 'loligo/plugin'

export const neverSettles = definePlugin({
  name: 'never-settles',
  modifier: () => ({ request: () => new Promise(() => {}) }),
})
