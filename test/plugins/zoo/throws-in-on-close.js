import { definePlugin } from 'loligo/plugin'

export const throwsInOnClose = definePlugin({
  name: 'throws-in-on-close',
  modifier: (_options, { onClose }) => {
    onClose(() => {
      throw new Error('cannot close')
    })
    return { request: () => undefined }
  },
})
