import { existsSync } from 'node:fs'
import { lacksOnlyFolder } from '../bundled/plugins.ts'
import type { Diagnostic } from '../config/diagnostic.ts'
import { locateInFile } from '../config/locate.ts'
import type { ClientTls, ExtraConfig, GatewayConfig, KeyFiles, TlsProtocol } from '../config/model.ts'
import { ERRORS } from '../errors.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import { TlsFileError, tlsFiles } from '../shared/tls-files.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildGateway } from './build.ts'

/**
 * Builds a gateway once, with its plugins, and closes it: what would stop the start comes back as diagnostics. Where the
 * plugin folder is not there (a file is often checked on another machine than it runs on) the rest is checked without
 * plugins, and a warning says so.
 */
export async function checkGateway(config: GatewayConfig, log: Logger): Promise<readonly Diagnostic[]> {
  const folder = config.plugin?.folder ?? ''
  const absent = folder !== '' && !existsSync(folder) && !lacksOnlyFolder(config)
  const notices = absent ? [notChecked(config)] : []
  const { config: here, missing } = withoutMissingTls(config)
  if (missing.length > 0) notices.push(tlsNotChecked(config, missing))
  try {
    const gateway = await buildGateway(absent ? withoutPlugins(here) : here, { log, accessLog: null })
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

/** Keys are seldom on the machine that a configuration is checked on. */
function withoutMissingTls(config: GatewayConfig): { readonly config: GatewayConfig; readonly missing: string[] } {
  const missing = new Set<string>()
  const present = <Tls extends TlsProtocol>(tls: Tls | null, keys: readonly KeyFiles[]): Tls | null => {
    const absent = tls === null ? [] : tlsFiles(tls, keys).filter((file) => !existsSync(file))
    for (const file of absent) missing.add(file)
    return absent.length === 0 ? tls : null
  }
  const client = (tls: ClientTls | null) => present(tls, tls?.certificates ?? [])
  const upstream = { ...config.upstream, tls: client(config.upstream.tls) }
  const endpoints = config.endpoints.map((endpoint) => ({
    ...endpoint,
    backends: endpoint.backends.map((backend) => ({ ...backend, clientTls: client(backend.clientTls) })),
  }))
  const tls = present(config.tls, config.tls?.keys ?? [])
  return { config: { ...config, tls, upstream, endpoints }, missing: [...missing] }
}

function tlsNotChecked({ file }: GatewayConfig, missing: readonly string[]): Diagnostic {
  const message = `these files are not here, and what TLS uses with them was not checked: ${missing.join(', ')}`
  const { remedy } = ERRORS.TLS_FILES_NOT_CHECKED
  return { ...NOWHERE, severity: 'warning', code: 'TLS_FILES_NOT_CHECKED', file, message, remedy }
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
  if (error instanceof TlsFileError) {
    const place = (await locateInFile(configFile))(error.where)
    const { remedy } = ERRORS.TLS_FILE_UNUSABLE
    const { where: path, message } = error
    return [{ ...NOWHERE, ...place, code: 'TLS_FILE_UNUSABLE', file: configFile, path, message, remedy }]
  }
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
