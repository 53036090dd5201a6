import type { Diagnostic } from '../config/diagnostic.ts'
import { locateInFile } from '../config/locate.ts'
import type { GatewayConfig } from '../config/model.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildGateway } from './build.ts'

/** Builds a gateway once, with its plugins, and closes it: what would stop the start comes back as diagnostics. */
export async function checkGateway(config: GatewayConfig, log: Logger): Promise<readonly Diagnostic[]> {
  try {
    const gateway = await buildGateway(config, { log, accessLog: null })
    await gateway.close()
    return []
  } catch (error) {
    return await explainBuildFailure(error, config.file)
  }
}

/** What `buildGateway` threw, as diagnostics with their places in the configuration file. */
export async function explainBuildFailure(error: unknown, configFile: string): Promise<readonly Diagnostic[]> {
  if (!(error instanceof PluginLoadError)) {
    const message = error instanceof Error ? error.message : String(error)
    const remedy = 'Correct the part of the configuration that the message names.'
    return [{ ...NOWHERE, code: 'GATEWAY_NOT_BUILT', file: configFile, message, remedy }]
  }
  const locate = await locateInFile(configFile)
  return error.problems.map(({ code, file, where, message, remedy }) => {
    const place = file === '' ? locate(where) : undefined
    const shown = { file: file === '' ? configFile : file, path: where, message, remedy: toSentence(remedy) }
    return { ...NOWHERE, ...place, code, ...shown }
  })
}

/** Remedies of plugins stand in parentheses in the log, and on a line of their own here. */
function toSentence(remedy: string): string {
  const text = remedy.charAt(0).toUpperCase() + remedy.slice(1)
  return /[.?!]$/.test(text) ? text : `${text}.`
}

const NOWHERE = { severity: 'error', line: 0, column: 0, path: '' } as const
