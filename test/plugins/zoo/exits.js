import { definePlugin } from 'loligo/plugin'

export const exits = definePlugin({ name: 'exits', modifier: () => ({ request: () => process.exit(3) }) })
