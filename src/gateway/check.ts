import { existsSync } from 'node:fs'
import type { Diagnostic } from '../config/diagnostic.ts'
import { locateInFile } from '../config/locate.ts'
import type { ExtraConfig, GatewayConfig } from '../config/model.ts'
import { ERRORS } from '../errors.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildGateway } from './build.ts'

/**
 * Builds a gateway once, with its plugins, and closes it: what would stop the start comes back as diagnostics. Where the
 * plugin folder is not there (a file is often checked on another machine than it runs on) the rest is checked without
 * plugins, and a warning says so.
 */
export async function checkGateway(config: GatewayConfig, log: Logger): Promise<readonly Diagnostic[]> {
  const folder = config.plugin?.folder ?? ''
  const absent = folder !== '' && !existsSync(folder)
  const notices = absent ? [notChecked(config)] : []
  try {
    const gateway = await buildGateway(absent ? withoutPlugins(config) : config, { log, accessLog: null })
    await gateway.close()
    return notices
  } catch (error) {
    return [...notices, ...(await explainBuildFailure(error, config.file))]
  }
}

function notChecked({ file, plugin }: GatewayConfig): Diagnostic {
  const message = `the folder ${plugin?.folder} is not here, so the plugins and what names them were not checked`
  const { remedy } = ERRORS.PLUGINS_NOT_CHECKED
  return { ...NOWHERE, severity: 'warning', code: 'PLUGINS_NOT_CHECKED', file, path: 'plugin.folder', message, remedy }
}

function withoutPlugins(config: GatewayConfig): GatewayConfig {
  const strip = <Place extends { readonly extra: ExtraConfig }>(place: Place): Place => ({
    ...place,
    extra: Object.fromEntries(Object.entries(place.extra).filter(([namespace]) => !namespace.startsWith('plugin/'))),
  })
  const endpoints = config.endpoints.map((endpoint) => ({ ...strip(endpoint), backends: endpoint.backends.map(strip) }))
  return { ...strip(config), plugin: null, endpoints }
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
