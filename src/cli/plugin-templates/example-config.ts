import { NAMESPACES } from '../../plugins/registry.ts'
import type { PluginTemplate } from './template.ts'

/** What the configuration beside a new plugin is made of. */
export interface ExamplePlugin extends Pick<PluginTemplate, 'kind' | 'level' | 'exampleOptions'> {
  /** What it lists; of a client the one. */
  readonly names: readonly string[]
}

/** The text of `krakend.json`. It needs no other service: the backend is the gateway's own echo. */
export function exampleConfig(plugin: ExamplePlugin, name: string, pattern: string): string {
  const at = (wanted: PluginTemplate['level']) =>
    plugin.level === wanted ? { extra_config: { [NAMESPACES[plugin.kind]]: pluginBlock(plugin, name) } } : {}
  const backend = { host: ['http://localhost:8080'], url_pattern: '/__echo/hello', ...at('backend') }
  const endpoint = { endpoint: '/hello', input_headers: ['*'], backend: [backend], ...at('endpoint') }
  const config = {
    version: 3,
    name: `${name} example`,
    port: 8080,
    timeout: '2s',
    echo_endpoint: true,
    plugin: { folder: '.', pattern },
    endpoints: [endpoint],
    ...at('service'),
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

/** What stands under the namespace of the kind. */
export function pluginBlock({ kind, names, exampleOptions }: ExamplePlugin, name: string): object {
  return { name: kind === 'client' ? names[0] : names, [name]: exampleOptions }
}
