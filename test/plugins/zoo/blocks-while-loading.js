import { definePlugin } from 'loligo/plugin'

const until = Date.now() + 60_000
while (Date.now() < until);

export const blocksWhileLoading = definePlugin({ name: 'blocks-while-loading', server: () => (next) => next })
