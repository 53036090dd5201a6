import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { goPluginFolder, withoutGo } from '../../test/support/go-plugin.ts'
import { type StartedGateway, startGateway } from '../../test/support/start-gateway.ts'
import { startUpstream } from './upstream.ts'

/** For tests that build a plugin: without Go they are skipped, and the first build of a machine takes its time. */
export const BUILDS = { skip: withoutGo, timeout: 300_000 }

/**
 * Builds the plugin of a folder and runs its `krakend.json` on real sockets, in front of the service of the examples.
 * @param change what a test wants to be different
 */
export async function startExample(
  t: TestContext,
  folder: string,
  change: (config: Record<string, unknown>) => Record<string, unknown> = (config) => config,
): Promise<StartedGateway> {
  const upstream = await startUpstream(0)
  t.after(() => {
    upstream.close()
    upstream.closeAllConnections()
  })
  const { port } = upstream.address() as AddressInfo
  const text = readFileSync(join(folder, 'krakend.json'), 'utf8').replaceAll('127.0.0.1:8081', `127.0.0.1:${port}`)
  const config = JSON.parse(text) as Record<string, unknown>
  const plugin = { ...(config.plugin as object), folder: await goPluginFolder(t, { [basename(folder)]: folder }) }
  return await startGateway(t, change({ ...config, plugin }))
}
