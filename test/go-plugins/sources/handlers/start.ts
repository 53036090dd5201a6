import type { ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { goPluginFolder } from '../../../support/go-plugin.ts'
import type { Reply } from '../../../support/start-backend.ts'
import { type StartedGateway, startGateway } from '../../../support/start-gateway.ts'

export const FOLDER = import.meta.dirname

const waiting: ServerResponse[] = []

/** An upstream that tells what it was sent. */
export const ROUTES: Readonly<Record<string, Reply>> = {
  '*': ({ method, target, body, values }, response) => {
    const fields = ['X-In', 'X-Try', 'X-Cloned', 'X-Odd-Name', 'Requuid'].map(
      (name) => `${name}=${values(name).join()}`,
    )
    const length = values('Content-Length').join() || values('Transfer-Encoding').join()
    response.writeHead(target.startsWith('/n/created') ? 201 : 200, [
      ...['X-Up', 'yes', 'X-Multi', '1', 'X-Multi', '2', 'Content-Type', 'text/up', 'Vary', 'Accept'],
    ])
    response.end(`up ${method} ${target} ${body.length > 1000 ? body.length : length} ${fields.join(' ')} ${body}`)
  },
  '/n/never': () => {},
  // Events of which the second comes when the client has seen the first.
  '/n/events': ({ values }, response) => {
    if (values('X-Seen').length > 0) waiting.shift()?.end('data: second\n\n')
    else {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: first\n\n')
      waiting.push(response)
      return
    }
    response.end()
  },
}

/** A gateway before that upstream, with the handlers of this folder. */
export async function startCases(t: TestContext, upstream: string): Promise<StartedGateway> {
  const folder = await goPluginFolder(t, { cases: FOLDER })
  const endpoint = (method: string) => ({
    ...{ endpoint: '/n/{x}', method, output_encoding: 'no-op' },
    ...{ input_headers: ['*'], input_query_strings: ['*'] },
    backend: [{ url_pattern: '/n/{x}', encoding: 'no-op', method }],
  })
  return startGateway(t, {
    host: [upstream],
    plugin: { folder, pattern: '.wasm' },
    endpoints: ['GET', 'POST', 'PUT'].map(endpoint),
    extra_config: { 'plugin/http-server': { name: ['cases', 'outer'], upstream } },
  })
}
