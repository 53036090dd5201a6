// A program with a gateway inside. A program of your own imports all of this from 'loligo'.
import {
  buildGateway,
  Context,
  createLogger,
  DEFAULT_LOGGING,
  features,
  formatDiagnostic,
  type Gateway,
  HeaderList,
  HttpRequest,
  listen,
  loadConfigObject,
} from '../../src/index.ts'
import type { Plugin } from '../../src/sdk/plugin.ts'

const log = createLogger({ ...DEFAULT_LOGGING, level: 'WARNING' }, (line) => process.stderr.write(`${line}\n`))

/**
 * Builds a gateway in front of one service. It opens no port.
 * @param plugins of the program itself; they stand around the whole gateway, the last one outermost
 */
export async function buildFor(upstream: string, plugins: readonly Plugin[]): Promise<Gateway> {
  const { config, diagnostics } = await loadConfigObject(
    {
      version: 3,
      host: [upstream],
      endpoints: [{ endpoint: '/people/{name}', backend: [{ url_pattern: '/users/{name}', allow: ['name', 'city'] }] }],
      extra_config: { 'plugin/http-server': { name: plugins.map(({ name }) => name) } },
    },
    { features },
  )
  if (config === null) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return await buildGateway(config, { log, accessLog: null, plugins })
}

/** Asks the gateway without a connection: for tests, and for programs that have a server of their own. */
export async function ask(gateway: Gateway, path: string): Promise<{ status: number; data: unknown }> {
  const context = new Context(performance.now(), '127.0.0.1')
  const response = await gateway.handle(new HttpRequest('GET', path, new HeaderList()), context)
  const data: unknown = await response.json()
  context.finish()
  return { status: response.status, data }
}

/** Opens a port for it; the result's `close` ends both. */
export async function serve(gateway: Gateway, port: number): Promise<{ port: number; close(): Promise<void> }> {
  const listener = await listen(gateway, { port, host: '127.0.0.1', reusePort: false }, log)
  return {
    port: listener.port,
    close: async () => {
      await listener.close()
      await gateway.close()
    },
  }
}
