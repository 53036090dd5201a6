import { stderr, stdout } from 'node:process'
import { BUNDLED_NAMES, bundledPlugins, lacksOnlyFolder } from '../bundled/plugins.ts'
import type { Feature } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { PluginReport } from '../features/telemetry/plugins.ts'
import type { Clock } from '../pipes/clock.ts'
import type { Handler, HttpRequest, HttpStage } from '../pipes/http.ts'
import type { MetricReading } from '../plugins/author-metrics.ts'
import type { PluginHost, PluginUse } from '../plugins/host.ts'
import { loadPlugins } from '../plugins/loading/loader.ts'
import { createPluginMetrics, type PluginMetrics } from '../plugins/plugin-metrics.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import type { GuestOwner } from '../plugins/runtimes/go/guest-owner.ts'
import type { Guests } from '../plugins/runtimes/go/guests.ts'
import { openStores } from '../plugins/tools/open-stores.ts'
import { PRODUCT, VERSION } from '../product.ts'
import { accessLog } from '../router/access-log.ts'
import { compileClientAddress } from '../router/client-address.ts'
import { type RouterOptions, routerOptionsOf } from '../router/options.ts'
import { createRouter } from '../router/router.ts'
import type { Plugin } from '../sdk/define-plugin.ts'
import type { AdmissionLimits } from '../server/admission.ts'
import type { TlsSource } from '../server/tls.ts'
import type { SharedStore } from '../shared/shared-store.ts'
import { createStoreOwner } from '../shared/store-owner.ts'
import { alone, type Surroundings } from '../shared/surroundings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from '../transport/client.ts'
import type { Common } from './endpoint.ts'
import { tellForgeableAddress } from './forgeable-address.ts'
import * as pipeline from './pipeline.ts'
import { recover, recoverThrown } from './recover.ts'
import { BUILT_IN_MS, buildRoutes, builtInBelow } from './routes.ts'
import { openServerTls } from './server-tls.ts'
import { admissionLimits } from './shares.ts'
import { makeStages, wrap } from './step.ts'
import { Workshop } from './tools.ts'
import { isTraced, tracedStep } from './traced.ts'
import { createUpstreamClients, type UpstreamClients } from './upstream-clients.ts'

/** A configuration turned into functions. Nothing of it is global: several can live side by side. */
export interface Gateway {
  readonly config: GatewayConfig
  /** Answers a request. Never rejects: what fails is answered and logged. */
  readonly handle: Handler
  /** How much this thread takes on at once. */
  readonly limits: AdmissionLimits
  /** The certificates of HTTPS; null: plain HTTP. */
  readonly tls: TlsSource | null
  /** The plugins that are loaded, and how their calls have gone in all threads. */
  plugins(): readonly PluginUse[]
  /** The counters and histograms that the authors of plugins have made, over all threads. */
  metrics(): readonly MetricReading[]
  /** Changes with the code of the plugins that it loaded; absent when that is not known. */
  readonly codeFingerprint?: string
  /** It serves from now on: starts what works beside the requests. Called by whoever listens; again: nothing. */
  begin(): void
  /** Releases connections, plugins and timers. Requests under way should be answered before. */
  close(): Promise<void>
}

/** What a gateway needs from the program around it. */
export interface BuildOptions extends Partial<Surroundings> {
  readonly log: Logger
  /** Takes the lines of the access log, without the line feed; null writes none. */
  readonly accessLog: ((line: string) => void) | null
  /** Calls upstreams in place of the built-in client. */
  readonly client?: HttpClient
  /** Plugins of the program itself, beside those of the configuration's folder: made by `definePlugin`. */
  readonly plugins?: readonly Plugin[]
  /** Where deadlines and timers take their time from; the machine's clock by default. */
  readonly clock?: Clock
  /** The values that the plugins of all threads share; by default those of this gateway share them. */
  readonly store?: SharedStore
  /** The guests of all threads, in which plugins of Go sources run; by default this gateway has its own. */
  readonly guests?: Guests
}

/**
 * Builds the pipes of a configuration: loads the plugins, makes every stage, opens no port.
 * @throws when a plugin or a component cannot be made; what was made before is released
 */
export async function buildGateway(config: GatewayConfig, options: BuildOptions): Promise<Gateway> {
  const workshop = new Workshop(config, options.log, options.clock, surroundingsOf(options))
  try {
    const tls = await openServerTls(workshop)
    const clients = await createUpstreamClients(options.client ?? null, workshop)
    workshop.http = clients.service.handle
    const tools = workshop.forService()
    const metrics = createPluginMetrics(tools)
    const plugins = await startPlugins(options, workshop, metrics)
    await startServices(pipeline.features, workshop)
    const report = (): PluginReport => ({
      generation: tools.generation,
      plugins: plugins.counters(),
      metrics: metrics.read(),
    })
    const handle = await buildHandler(options, workshop, clients, report)
    return {
      config,
      handle,
      limits: admissionLimits(config, tools.thread.threads),
      tls,
      codeFingerprint: plugins.codeFingerprint,
      plugins: () => plugins.counters(),
      metrics: () => metrics.read(),
      begin: () => workshop.begin(),
      close: () => workshop.close(),
    }
  } catch (error) {
    await workshop.close()
    throw error
  }
}

function surroundingsOf({ cells, generation, thread, running }: BuildOptions): Surroundings {
  const own = alone()
  return {
    cells: cells ?? own.cells,
    generation: generation ?? own.generation,
    thread: thread ?? own.thread,
    running: running ?? own.running,
  }
}

/** The store that is given, or one that ends with this gateway. */
function storeOf({ store }: BuildOptions, workshop: Workshop): SharedStore {
  if (store !== undefined) return store
  const owner = createStoreOwner({ now: () => workshop.clock.now() })
  workshop.onClose(() => owner.clear())
  return owner.store
}

/** The guests that are given, or those of this gateway alone. */
function guestsOf({ guests, log }: BuildOptions, workshop: Workshop): Guests {
  if (guests !== undefined) return guests
  const print = (stream: 1 | 2, text: string): void => void (stream === 1 ? stdout : stderr).write(text)
  let owner: Promise<GuestOwner> | null = null
  workshop.onClose(async () => await (await owner)?.close())
  return {
    open: async (spec, events) => {
      owner ??= import('../plugins/runtimes/go/guest-owner.ts').then(({ createGuestOwner }) =>
        createGuestOwner({ log, print }),
      )
      return await (await owner).open(spec, events)
    },
  }
}

/** Loads the plugins; features find them as the service `plugin`. */
async function startPlugins(options: BuildOptions, workshop: Workshop, metrics: PluginMetrics): Promise<PluginHost> {
  const { config, clock } = workshop
  const { cells, running, generation } = workshop.forService()
  const traced = isTraced(config)
  const plugins = await loadPlugins({
    section: sectionOf(config, options.log),
    configFile: config.file,
    log: options.log,
    lenient: config.lenient,
    inline: options.plugins ?? [],
    bundled: await bundledPlugins(config),
    bundledNames: BUNDLED_NAMES,
    clock,
    client: traced ? tracedStep('fetch', workshop.http) : workshop.http,
    stores: openStores({ cells, values: storeOf(options, workshop), clock }),
    metrics,
    traced,
    running,
    guests: guestsOf(options, workshop),
    generation,
    readiness: workshop.readiness,
    upstream: config.upstream,
  })
  workshop.onClose(() => plugins.close())
  workshop.provide('plugin', plugins)
  return plugins
}

/** A folder that holds none of the plugins that are named need not be there. */
function sectionOf(config: GatewayConfig, log: Logger): GatewayConfig['plugin'] {
  if (!lacksOnlyFolder(config)) return config.plugin
  log.info(`[SERVICE: Plugin Loader] there is no folder ${config.plugin?.folder}: all plugins come with the gateway`)
  return null
}

async function startServices(features: readonly Feature[], workshop: Workshop): Promise<void> {
  for (const { namespace, service } of features) {
    const options = workshop.config.extra[namespace]
    if (service === undefined || options === undefined) continue
    const { provide, close } = await service(options, workshop.forService())
    if (close !== undefined) workshop.onClose(close)
    workshop.provide(namespace, provide)
  }
}

/** Makes the handler of all requests, from the stages of the server down to the endpoints. */
async function buildHandler(
  options: BuildOptions,
  workshop: Workshop,
  clients: UpstreamClients,
  report: () => PluginReport,
): Promise<Handler> {
  const { config, pluginProblems } = workshop
  const router = routerOptionsOf(config)
  const common = commonOf(router, workshop, clients)
  const tools = workshop.forService()
  const serverStages = await makeStages('server', pipeline.server, tools, pluginProblems)
  const routerStages = await makeStages('router', pipeline.router, tools, pluginProblems)
  const routes = await buildRoutes(router, common, report)
  if (pluginProblems.length > 0) throw new PluginLoadError(pluginProblems)
  const clientAddress = compileClientAddress(router)
  tellForgeableAddress(config, router, options.log)
  const below = builtInBelow(config, options.log, workshop.deadlines(BUILT_IN_MS))
  const routed = createRouter({ options: router, routes, below, clientAddress, version: common.version })
  const inner = wrap([...accessLogOf(router, options), ...routerStages], routed)
  const served = wrap(serverStages, isTraced(config) ? tracedStep('router', inner) : inner)
  if (serverStages.length + routerStages.length === 0) return recoverThrown(served, options.log)
  return recover(withClientAddress(clientAddress, served), options.log)
}

function commonOf(router: RouterOptions, workshop: Workshop, clients: UpstreamClients): Common {
  return {
    workshop,
    clientFor: (backend) => {
      const { handle } = clients.of(backend)
      return isTraced(workshop.config) ? tracedStep('upstream', handle) : handle
    },
    product: `${PRODUCT} Version ${VERSION}`,
    version: `Version ${router.hide_version_header ? 'undefined' : VERSION}`,
    returnErrorMessage: router.return_error_msg === true,
  }
}

function accessLogOf(router: RouterOptions, { accessLog: write }: BuildOptions): readonly HttpStage[] {
  if (write === null || router.disable_access_log) return []
  return [accessLog(write, router.logger_skip_paths ?? [])]
}

/** Stages around the router decide by the client's address too; it looks again, for they may change the fields it is in. */
function withClientAddress(clientAddress: (request: HttpRequest) => string, next: Handler): Handler {
  return (request, context) => {
    context.clientAddress = clientAddress(request)
    return next(request, context)
  }
}
