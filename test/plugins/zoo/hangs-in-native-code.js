import { pbkdf2Sync } from 'node:crypto'
import { definePlugin } from 'loligo/plugin'

/** Takes some seconds, in which nothing can interrupt it. */
export const hangsInNativeCode = definePlugin({
  name: 'hangs-in-native-code',
  modifier: () => ({ request: () => void pbkdf2Sync('password', 'salt', 8_000_000, 64, 'sha512') }),
})
