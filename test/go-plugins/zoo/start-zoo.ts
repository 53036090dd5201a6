import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createGuestOwner } from '../../../src/plugins/runtimes/go/guest-owner.ts'
import { createLogger, DEFAULT_LOGGING } from '../../../src/telemetry/logging.ts'
import { goPluginFolder } from '../../support/go-plugin.ts'
import { Lines } from '../../support/lines.ts'
import { type Backend, startBackend } from '../../support/start-backend.ts'
import { type StartedGateway, startGateway } from '../../support/start-gateway.ts'
import type { JsonObject } from '../../support/start-threads.ts'

const SOURCES = join(import.meta.dirname, 'faults')

/** What `faults` may do in these tests: nothing, with little memory and time. */
export const CONFINED = { permissions: { hosts: [], env: [], files: [], memory: '64MB', time: '300ms' } }

/** A folder with the zoo's plugin under these names. */
export function zooFolder(t: TestContext, ...names: readonly string[]): Promise<string> {
  return goPluginFolder(t, Object.fromEntries(names.map((name) => [name, SOURCES])))
}

export interface ZooOptions {
  /** Of `plugin.settings`, beside permissions for files. */
  readonly settings?: JsonObject
  /** The own configuration of the plugin, everywhere. */
  readonly own?: JsonObject
  readonly timeout?: string
}

/** Endpoints with the plugin as a handler, as modifiers, as a middleware and as a client; and two that it stands nowhere. */
export function zooConfig(folder: string, upstream: string, options: ZooOptions = {}): JsonObject {
  const { settings = {}, own = {}, timeout = '5s' } = options
  const name = readdirSync(folder)
    .map((file) => file.replace('.wasm', ''))
    .find((file) => file !== 'bystander')
  const backend = { host: [upstream], url_pattern: '/' }
  const endpoint = (path: string, extra: JsonObject, more: JsonObject = {}) => ({
    ...{ endpoint: path, timeout, input_headers: ['*'], input_query_strings: ['*'], extra_config: extra },
    backend: [backend],
    ...more,
  })
  const handler = { 'plugin/http-server': { name: [name], [name as string]: own } }
  const modifiers = {
    'plugin/req-resp-modifier': { name: [`${name}-request`, `${name}-response`], [name as string]: own },
  }
  const client = { ...backend, extra_config: { 'plugin/http-client': { name, [name as string]: own } } }
  return {
    listen_ip: '127.0.0.1',
    plugin: { folder, pattern: '', settings: { [name as string]: CONFINED, ...settings } },
    extra_config: { 'telemetry/plugins': {} },
    endpoints: [
      endpoint('/plain', {}),
      endpoint('/good', { 'plugin/http-server': { name: ['bystander'] } }),
      endpoint('/handler', handler),
      endpoint('/handler', handler, { method: 'POST' }),
      endpoint('/no-op', handler, { output_encoding: 'no-op', backend: [{ ...backend, encoding: 'no-op' }] }),
      endpoint('/modifier', modifiers),
      endpoint('/modifier', modifiers, { method: 'POST', backend: [{ ...backend, method: 'POST' }] }),
      endpoint('/of/{id}', modifiers, { backend: [{ ...backend, url_pattern: '/{id}' }] }),
      endpoint('/middleware', { 'plugin/middleware': { name: [name], [name as string]: own } }),
      endpoint('/client', {}, { backend: [client] }),
    ],
  }
}

export interface Zoo extends StartedGateway {
  readonly upstream: Backend
  /** What the main thread says of the guests. */
  readonly guestLog: Lines
  /** What plugins have printed. */
  readonly printed: Lines
  /** What all of it has been told to restart. */
  restarts(): number
}

/**
 * A gateway in this thread with the zoo's plugin `faults`, and a copy of it that stands by. Instances that end are
 * replaced at once, however often.
 */
export async function startZoo(t: TestContext, options: ZooOptions = {}): Promise<Zoo> {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const folder = await zooFolder(t, 'faults', 'bystander')
  const [guestLog, printed] = [new Lines(), new Lines()]
  const guests = createGuestOwner({
    log: createLogger(DEFAULT_LOGGING, (line) => guestLog.add(line)),
    print: (_stream, text) => printed.add(text),
    healthyMs: 0,
  })
  t.after(() => guests.close())
  const started = await startGateway(t, zooConfig(folder, upstream.url, options), { guests })
  return {
    ...started,
    ...{ upstream, guestLog, printed },
    restarts: () => started.gateway.plugins().find(({ name }) => name === 'faults')?.guest?.restarts ?? -1,
  }
}
