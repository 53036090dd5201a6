import type { PluginKind } from '../../plugins/runtime.ts'
import { exampleConfig } from './example-config.ts'
import { goClientTemplate } from './go-client.ts'
import { goMiddlewareTemplate } from './go-middleware.ts'
import { goModifierTemplate } from './go-modifier.ts'
import { goServerTemplate } from './go-server.ts'
import type { GoTemplate } from './go-template.ts'

const TEMPLATES: Record<PluginKind, GoTemplate> = {
  server: goServerTemplate,
  modifier: goModifierTemplate,
  middleware: goMiddlewareTemplate,
  client: goClientTemplate,
}

/** The files of a new Go plugin by their names: what the reference would load as well, if it were built for that. */
export function goPluginFiles(kind: PluginKind, name: string): Record<string, string> {
  const template = TEMPLATES[kind]
  const fill = (text: string) => text.replaceAll('NAME', name)
  return {
    'go.mod': `module ${name}\n\ngo 1.24\n`,
    'main.go': fill(template.source),
    'main_test.go': fill(template.test),
    'krakend.json': exampleConfig({ ...template, names: template.names?.map(fill) ?? [name] }, name, '.wasm'),
  }
}
