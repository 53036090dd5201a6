import { fileURLToPath } from 'node:url'
import { formatNotice } from '../config/diagnostic.ts'
import { type Diagnostic, loadConfig, loadConfigObject } from '../config/load.ts'
import type { GatewayConfig } from '../config/model.ts'
import { pluginFolderSection } from '../config/plugin-section.ts'
import { buildGateway, type Gateway } from '../gateway/build.ts'
import { explainBuildFailure } from '../gateway/check.ts'
import { features } from '../gateway/pipeline.ts'
import { type Clock, SYSTEM_CLOCK } from '../pipes/clock.ts'
import type { HttpResponse } from '../pipes/http.ts'
import type { MetricReading } from '../plugins/author-metrics.ts'
import type { PluginUse } from '../plugins/host.ts'
import type { Plugin } from '../sdk/define-plugin.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from '../transport/client.ts'
import { createUndiciClient } from '../transport/undici.ts'
import { ConfigError } from './config-error.ts'
import { createSender, type FetchOptions } from './fetch.ts'
import { type RecordedLog, recordLog } from './log.ts'
import type { UpstreamCall } from './upstream-call.ts'
import { createDoubles, type Upstreams } from './upstreams.ts'

/**
 * What a gateway in memory is made of.
 *
 * @example
 * await createTestGateway({ t, config: 'krakend.json', folder: new URL('./plugins', import.meta.url), upstreams: { '*': { json: {} } } })
 */
export interface TestGatewayOptions {
  /** What `krakend.json` would hold (`version` may be left out), or the path of a configuration file. */
  readonly config: Readonly<Record<string, unknown>> | string
  /** Plugins under test, made by `definePlugin`. The configuration names them as usual. */
  readonly plugins?: readonly Plugin[]
  /** A plugin folder, as a path or a `file:` URL; it counts in place of the configuration's `plugin.folder`. Without a `plugin.pattern` all its plugins are loaded. */
  readonly folder?: string | URL
  /** What answers the gateway's calls, and those of plugins. */
  readonly upstreams?: Upstreams
  /** Calls of other hosts than `upstreams` names go out to the network; without it they fail with a text that says so. */
  readonly network?: boolean
  /** The time; the machine's unless one is given that the test moves (`createClock`). */
  readonly clock?: Clock
  /** As `--lenient` of the command line. */
  readonly lenient?: boolean
  /** Variables that replace settings (`KRAKEND_TIMEOUT`); none unless given. */
  readonly env?: Readonly<Record<string, string>>
  /** The context of a test: the gateway is closed after it. */
  readonly t?: { after(close: () => Promise<void>): void }
}

/**
 * A gateway in memory. It opens no port.
 *
 * @example
 * const answer = await gateway.fetch('/users/7')
 * assert.deepEqual(await answer.json(), { id: '7' })
 * assert.equal(gateway.calls('http://users.test')[0]?.path, '/users/7')
 * assert.deepEqual(gateway.log.find(/./, 'ERROR'), [])
 */
export interface TestGateway extends AsyncDisposable {
  /**
   * Sends a request through the whole gateway, as if it had come over a connection, and resolves when the head of the
   * answer is there. What fails is answered, as always; it rejects only when `signal` is aborted.
   * @param target path and query (`/users/7?full=1`), or an absolute URL, whose host is sent as `Host`
   * @returns `status`, `headers`, and `text()`, `json()`, `bytes()`, which may be called more than once
   */
  fetch(target: string | URL, options?: FetchOptions): Promise<HttpResponse>
  /** The calls that reached the doubles, in their order: those of one host (as in `upstreams`), or all. */
  calls(host?: string): readonly UpstreamCall[]
  /** The plugins that are loaded, and how their calls have gone. */
  plugins(): readonly PluginUse[]
  /**
   * What the plugins have counted by `counter` and `histogram`, in the order in which these were made.
   *
   * @example
   * assert.partialDeepStrictEqual(gateway.metrics(), [{ plugin: 'quota', name: 'refused', value: 1 }])
   */
  metrics(): readonly MetricReading[]
  readonly log: RecordedLog
  /** The lines of the access log. A request is noted when its answer has been read to the end. */
  readonly accessLog: readonly string[]
  /** Closes the gateway: plugins run what they gave to `onClose`. Again: nothing. */
  close(): Promise<void>
}

/**
 * Builds a gateway in memory, for tests of plugins and of configurations: requests go in by `fetch`, upstreams are played
 * by doubles, and with a clock of `createClock` nothing waits.
 *
 * @throws ConfigError when the configuration or a plugin is at fault, with the texts of the command line
 * @example
 * import assert from 'node:assert/strict'
 * import { test } from 'node:test'
 * import { createTestGateway } from 'loligo/testing'
 * import { stamp } from './stamp.ts'
 *
 * test('every answer is stamped', async (t) => {
 *   const gateway = await createTestGateway({
 *     t,
 *     plugins: [stamp],
 *     config: {
 *       host: ['http://users.test'],
 *       endpoints: [{ endpoint: '/users/{id}', backend: [{ url_pattern: '/users/{id}' }] }],
 *       extra_config: { 'plugin/http-server': { name: ['stamp'] } },
 *     },
 *     upstreams: { 'http://users.test': { 'GET /users/{id}': ({ params }) => ({ json: { id: params.id } }) } },
 *   })
 *   const answer = await gateway.fetch('/users/7')
 *   assert.equal(answer.headers.get('X-Stamp'), 'seen')
 *   assert.deepEqual(await answer.json(), { id: '7' })
 *   assert.equal(gateway.calls('http://users.test').length, 1)
 * })
 */
export async function createTestGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { clock = SYSTEM_CLOCK, upstreams = {}, plugins = [], t } = options
  const { log, logger } = recordLog()
  const config = await readConfig(options, logger)
  const network = options.network === true ? await createNetworkClient(config) : null
  const doubles = createDoubles(upstreams, clock, network)
  const accessLog: string[] = []
  // Nobody listens, so the files of HTTPS need not be there.
  const gateway = await build(
    { ...config, tls: null },
    {
      ...{ log: logger, accessLog: (line: string) => accessLog.push(line), client: doubles.client, plugins, clock },
    },
  )
  const sender = createSender(gateway, clock, logger, options.clock === undefined)
  let closing: Promise<void> | null = null
  const close = () => {
    sender.close()
    closing ??= gateway.close()
    return closing
  }
  t?.after(close)
  return {
    ...{ log, accessLog, close, [Symbol.asyncDispose]: close },
    fetch: sender.fetch,
    calls: doubles.calls,
    plugins: () => gateway.plugins(),
    metrics: () => gateway.metrics(),
  }
}

async function createNetworkClient({ upstream }: GatewayConfig): Promise<HttpClient> {
  if (upstream.tls === null) return createUndiciClient(upstream)
  const { openClientContext } = await import('../transport/client-tls.ts')
  return createUndiciClient(upstream, process.env, await openClientContext(upstream.tls, null))
}

async function readConfig({ config: given, folder, ...rest }: TestGatewayOptions, log: Logger): Promise<GatewayConfig> {
  const { env = {}, lenient = false } = rest
  const shared = { env, lenient, features }
  const { config, diagnostics } =
    typeof given === 'string'
      ? await loadConfig({ file: given, ...shared })
      : await loadConfigObject({ version: 3, ...given }, shared)
  if (config === null) throw new ConfigError(diagnostics)
  for (const diagnostic of diagnostics) note(diagnostic, log)
  if (folder === undefined) return config
  const path = folder instanceof URL || folder.startsWith('file:') ? fileURLToPath(folder) : folder
  return { ...config, plugin: { ...(config.plugin ?? pluginFolderSection(path)), folder: path } }
}

/** What does not stop the gateway stands in its log, as `loligo run` writes it. */
function note(diagnostic: Diagnostic, log: Logger): void {
  if (diagnostic.severity === 'warning') log.warning(formatNotice(diagnostic))
  else log.error(formatNotice(diagnostic))
}

async function build(config: GatewayConfig, options: Parameters<typeof buildGateway>[1]): Promise<Gateway> {
  try {
    return await buildGateway(config, options)
  } catch (error) {
    throw new ConfigError(await explainBuildFailure(error, config.file), { cause: error })
  }
}
