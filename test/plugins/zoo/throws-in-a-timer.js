import { connect } from 'node:net'
import { definePlugin } from 'loligo/plugin'

export const throwsInATimer = definePlugin({
  name: 'throws-in-a-timer',
  modifier: (_options, { onClose }) => {
    const timer = setTimeout(() => {
      throw new Error('nobody catches this')
    }, 1)
    onClose(() => clearTimeout(timer))
    // Fails with an error that has no line of this file in its stack.
    connect({ path: '/nonexistent/socket' })
    return { request: () => undefined }
  },
})
