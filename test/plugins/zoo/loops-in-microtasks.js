import { definePlugin } from 'loligo/plugin'

async function poll() {
  for (;;) await null
}

export const loopsInMicrotasks = definePlugin({
  name: 'loops-in-microtasks',
  modifier: () => ({ request: () => poll() }),
})
