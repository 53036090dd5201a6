// What the soak tests reload: a plugin of all kinds that stamps every answer with its code's version and its options'.

/** At how many places the configuration names the plugin. */
export const PLACES = 4

/**
 * A configuration with `/v`.
 * @param options the version of the options
 * @param servers more server plugins, the outermost last
 */
export function stampsConfig(upstream: string, options: number, ...servers: readonly string[]) {
  const names = (...name: readonly string[]) => ({ name, stamps: { version: options } })
  return {
    version: 3,
    listen_ip: '127.0.0.1',
    plugin: { folder: 'plugins', pattern: '' },
    extra_config: { router: { disable_access_log: true }, 'plugin/http-server': names('stamps', ...servers) },
    endpoints: [
      {
        endpoint: '/v',
        extra_config: { 'plugin/middleware': names('stamps') },
        backend: [
          {
            host: [upstream],
            url_pattern: '/',
            extra_config: { 'plugin/req-resp-modifier': names('stamps'), 'plugin/http-client': names('stamps') },
          },
        ],
      },
    ],
  }
}

/**
 * The plugin's code. `/__open` tells how many of its instances are open in all threads.
 * @param code its version
 */
export function stampsPlugin(code: number): string {
  return `import { definePlugin } from 'loligo/plugin'

const CODE = ${code}

/** Counts the instances that are open in all threads. */
function count({ store, onClose }) {
  store.increment('open')
  onClose(() => void store.increment('open', -1))
}

export const stamps = definePlugin({
  name: 'stamps',
  server: (_, tools) => {
    count(tools)
    return (next) => (request, context) =>
      request.path === '/__open' ? { body: String(tools.store.count('open')) } : next(request, context)
  },
  middleware: ({ version }, tools) => {
    count(tools)
    return (next) => async (request, context) => {
      const response = await next(request, context)
      if (response.data !== null) response.data.around = CODE + '.' + version
      return response
    }
  },
  modifier: ({ version }, tools) => {
    count(tools)
    return {
      response(response) {
        if (response.data !== null) response.data.within = CODE + '.' + version
      },
    }
  },
  client: (_, tools) => {
    count(tools)
    return (next) => next
  },
})
`
}

/** What `/v` answers: both stamps come from one generation. */
export function stampsBody(code: number, options: number): string {
  const stamp = `${code}.${options}`
  return JSON.stringify({ a: 1, within: stamp, around: stamp })
}
