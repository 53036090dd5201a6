import { definePlugin } from 'loligo/plugin'

export const writesToConfiguration = definePlugin({
  name: 'writes-to-configuration',
  modifier: (_options, { block }) => ({
    request: () => {
      block.name.push('another')
    },
  }),
})
