import { createServer } from 'node:http'
import { connect } from 'node:net'
import { definePlugin } from 'loligo/plugin'

/** Leaves all it starts to itself. Answers with the port that it listens on. */
export const leaks = definePlugin({
  name: 'leaks',
  modifier: async () => {
    setInterval(() => {}, 1000)
    const server = createServer((_request, response) => response.end('leaked')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address()
    const socket = connect(port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    return { request: () => ({ data: { port } }) }
  },
})

/** Starts the same and ends it. */
export const tidy = definePlugin({
  name: 'tidy',
  modifier: async (_options, { onClose }) => {
    const timer = setInterval(() => {}, 1000)
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    await fetch(`http://127.0.0.1:${server.address().port}/`, { signal: AbortSignal.timeout(1) }).catch(() => {})
    onClose(() => {
      clearInterval(timer)
      server.closeAllConnections()
      server.close()
    })
    return { request: () => undefined }
  },
})
