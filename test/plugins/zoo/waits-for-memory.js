import { definePlugin } from 'loligo/plugin'

export const waitsForMemory = definePlugin({
  name: 'waits-for-memory',
  modifier: () => ({ request: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }),
})
