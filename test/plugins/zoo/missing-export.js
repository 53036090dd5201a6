import { definePlugin } from 'loligo/plugin'

const forgotten = definePlugin({ name: 'missing-export', server: () => (next) => next })
forgotten.name
