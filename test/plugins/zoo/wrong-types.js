import { definePlugin } from 'loligo/plugin'

export const wrongTypes = definePlugin({ name: 'wrong-types', modifier: () => ({ request: 'not a function' }) })
