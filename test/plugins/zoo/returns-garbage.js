import { definePlugin } from 'loligo/plugin'

export const returnsGarbage = definePlugin({
  name: 'returns-garbage',
  modifier: () => ({ request: () => ({ sttaus: Symbol('garbage') }) }),
})
