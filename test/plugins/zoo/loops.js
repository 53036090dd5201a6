import { definePlugin } from 'loligo/plugin'

function findPrice() {
  for (;;);
}

export const loops = definePlugin({ name: 'loops', modifier: () => ({ request: () => findPrice() }) })
