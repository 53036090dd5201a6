import { definePlugin } from 'loligo/plugin'

export const answers100Mb = definePlugin({
  name: 'answers-100-mb',
  server: () => () => () => ({ body: Buffer.alloc(100 * 1024 * 1024, 'x') }),
})
