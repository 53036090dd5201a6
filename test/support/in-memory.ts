import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { formatDiagnostic, loadConfigObject } from '../../src/config/load.ts'
import { buildGateway } from '../../src/gateway/build.ts'
import { features } from '../../src/gateway/pipeline.ts'
import { Context } from '../../src/pipes/context.ts'
import { HeaderList } from '../../src/pipes/headers.ts'
import { type Handler, HttpRequest, type HttpResponse } from '../../src/pipes/http.ts'
import { recordingLog } from './recording-log.ts'

/**
 * A gateway without sockets: `upstream` stands in for the HTTP client. Gives a function that sends a GET.
 * For what needs many requests, or a look at what a call is given; everything else is tested on real sockets.
 */
export async function inMemory(
  t: TestContext,
  config: Readonly<Record<string, unknown>>,
  upstream: Handler,
): Promise<(target: string) => Promise<HttpResponse>> {
  const loaded = await loadConfigObject({ version: 3, host: ['http://upstream.example'], ...config }, { features })
  const { diagnostics } = loaded
  assert.ok(loaded.config !== null, diagnostics.map(formatDiagnostic).join('\n'))
  const client = { handle: upstream, close: async () => {} }
  const gateway = await buildGateway(loaded.config, { log: recordingLog(), accessLog: null, client })
  t.after(() => gateway.close())
  return async (target) => {
    const context = new Context(performance.now(), '127.0.0.1')
    const request = new HttpRequest('GET', target, new HeaderList(['Host', 'gateway.example']), null, '', '127.0.0.1')
    const response = await gateway.handle(request, context)
    context.finish()
    return response
  }
}
