import type { Diagnostic } from '../config/diagnostic.ts'
import type { GatewayConfig } from '../config/model.ts'
import { PluginLoadError, type PluginProblem } from '../plugins/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildGateway } from './build.ts'

/** Builds a gateway once, with its plugins, and closes it: what would stop the start comes back as diagnostics. */
export async function checkGateway(config: GatewayConfig, log: Logger): Promise<readonly Diagnostic[]> {
  try {
    const gateway = await buildGateway(config, { log, accessLog: null })
    await gateway.close()
    return []
  } catch (error) {
    if (error instanceof PluginLoadError) return error.problems.map((problem) => pluginDiagnostic(problem, config.file))
    const message = error instanceof Error ? error.message : String(error)
    return [
      {
        ...NOWHERE,
        code: 'GATEWAY_NOT_BUILT',
        file: config.file,
        message,
        remedy: 'correct the named part of the configuration',
      },
    ]
  }
}

const NOWHERE = { severity: 'error', line: 0, column: 0, path: '' } as const

function pluginDiagnostic(problem: PluginProblem, configFile: string): Diagnostic {
  const { code, file, where, message, remedy } = problem
  return { ...NOWHERE, code, file: file === '' ? configFile : file, path: where, message, remedy }
}
