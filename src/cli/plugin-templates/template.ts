import type { PluginKind } from '../../plugins/runtime.ts'

/** What `plugin init` writes for a kind. The texts hold NAME where the plugin's name shall stand. */
export interface PluginTemplate {
  readonly kind: PluginKind
  /** What the plugin does, as a sentence. */
  readonly purpose: string
  /** Name, default and meaning of each option. */
  readonly options: readonly (readonly [name: string, byDefault: string, meaning: string])[]
  /** The plugin itself: valid as TypeScript and as JavaScript, for all types are inferred. */
  readonly source: string
  /** Its test; EXTENSION stands for that of the source. */
  readonly test: string
  /** Where the configuration names it. */
  readonly level: 'service' | 'endpoint' | 'backend'
  /** What the example configuration holds under the plugin's name. */
  readonly exampleOptions: Readonly<Record<string, unknown>>
}

/** The last test of every plugin: the configuration that lies beside it. */
export const EXAMPLE_TEST = `
test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    t,
    config: join(import.meta.dirname, 'krakend.json'),
    folder: import.meta.dirname,
    upstreams: { 'http://localhost:8080': { json: { req_method: 'GET', req_uri: '/__echo/hello' } } },
  })
  assert.equal((await gateway.fetch('/hello')).status, 200)
})
`
