import type { TestContext } from 'node:test'
import { pluginFolderSection } from '../../src/config/plugin-section.ts'
import { Context } from '../../src/pipes/context.ts'
import { HeaderList } from '../../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../../src/pipes/http.ts'
import { ProxyRequest, ProxyResponse } from '../../src/pipes/proxy.ts'
import type { HookName } from '../../src/plugins/call.ts'
import type { PluginHost } from '../../src/plugins/host.ts'
import { type LoadOptions, loadPlugins } from '../../src/plugins/loading/loader.ts'
import type { Place } from '../../src/plugins/place.ts'
import type { HookUse } from '../../src/plugins/plugin-metrics.ts'
import { pluginFolder } from './plugin-folder.ts'
import { type RecordingLog, recordingLog } from './recording-log.ts'

/** Places as `placeOf` makes them. */
export const SERVICE: Place = {
  facts: { service: 'test', endpoint: null, backend: null },
  where: 'extra_config."plugin/http-server"',
  tag: '[PLUGIN: Server]',
}
export const ENDPOINT: Place = {
  facts: {
    service: 'test',
    endpoint: {
      ...{ method: 'GET', path: '/a', timeoutMs: 2000, outputEncoding: 'json' },
      ...{ inputHeaders: [], inputQueryStrings: [], backends: 1 },
    },
    backend: null,
  },
  where: 'endpoints[0].extra_config."plugin/req-resp-modifier"',
  tag: '[ENDPOINT: /a]',
}

/** A host with the plugins of one file of the fixtures; closed after the test. */
export async function hostWith(
  t: TestContext,
  file: string,
  options: Partial<LoadOptions> = {},
): Promise<{ host: PluginHost; log: RecordingLog }> {
  const log = recordingLog()
  const section = pluginFolderSection(pluginFolder(t, file))
  const host = await loadPlugins({ section, log, lenient: false, ...options })
  t.after(() => host.close())
  log.lines.length = 0
  return { host, log }
}

export function newContext(): Context {
  return new Context(performance.now(), '127.0.0.1')
}

export function httpRequest(): HttpRequest {
  return new HttpRequest('GET', '/a', new HeaderList())
}

export function proxyRequest(): ProxyRequest {
  return new ProxyRequest('GET', '/a', {})
}

/** An inner pipe that keeps what it was asked and answers with data. */
export function innerProxy(data: ConstructorParameters<typeof ProxyResponse>[0] = { ok: true }) {
  const asked: ProxyRequest[] = []
  const next = async (request: ProxyRequest) => {
    asked.push(request)
    return new ProxyResponse(data, true)
  }
  return { asked, next }
}

/** An inner pipe that keeps what it was asked and answers 200. */
export function innerHttp() {
  const asked: HttpRequest[] = []
  const next = async (request: HttpRequest) => {
    asked.push(request)
    return new HttpResponse(200, new HeaderList(), 'inner')
  }
  return { asked, next }
}

/** What the calls of one hook of a plugin have come to. */
export function useOf(host: PluginHost, name: string, hook: HookName): HookUse | undefined {
  return host.counters().find((plugin) => plugin.name === name && hook in plugin.hooks)?.hooks[hook]
}
