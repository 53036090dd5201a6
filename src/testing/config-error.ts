import { type Diagnostic, formatDiagnostic } from '../config/load.ts'

/**
 * The gateway cannot be made: the configuration or a plugin is at fault. The message is what the command line says.
 *
 * @example
 * await assert.rejects(createTestGateway({ config, plugins }), (error) => {
 *   assert.ok(error instanceof ConfigError)
 *   assert.equal(error.diagnostics[0]?.code, 'PLUGIN_OPTIONS_INVALID')
 *   return true
 * })
 */
export class ConfigError extends Error {
  override name = 'ConfigError'
  /** Everything that was found, warnings too. */
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    super(errors.map(formatDiagnostic).join('\n'), options)
    this.diagnostics = diagnostics
  }
}
