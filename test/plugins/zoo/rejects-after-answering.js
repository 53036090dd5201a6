import { definePlugin } from 'loligo/plugin'

async function report() {
  await null
  throw new Error('nobody awaits this')
}

export const rejectsAfterAnswering = definePlugin({
  name: 'rejects-after-answering',
  modifier: () => ({
    request: () => {
      report()
    },
  }),
})
