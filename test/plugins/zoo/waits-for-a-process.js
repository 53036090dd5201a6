import { execFileSync } from 'node:child_process'
import { definePlugin } from 'loligo/plugin'

export const waitsForAProcess = definePlugin({
  name: 'waits-for-a-process',
  modifier: () => ({ request: () => execFileSync(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']) }),
})
