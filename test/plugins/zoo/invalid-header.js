import { definePlugin } from 'loligo/plugin'

export const invalidHeader = definePlugin({
  name: 'invalid-header',
  modifier: () => ({
    response: (response) => {
      response.headers.set('X-Note', 'two\r\nlines')
    },
  }),
})
