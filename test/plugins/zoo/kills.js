import { definePlugin } from 'loligo/plugin'

export const kills = definePlugin({
  name: 'kills',
  modifier: (_options, { block }) => ({
    request: () => (block.abort ? process.abort() : process.kill(process.pid, 'SIGKILL')),
  }),
})
