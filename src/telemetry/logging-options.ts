import type { Level } from './logger.ts'
import { LEVELS } from './logger.ts'
import type { LoggingOptions } from './logging.ts'
import { DEFAULT_LOGGING } from './logging.ts'

/** `telemetry/logging` as configured (specification: operations 4.1). */
export interface LoggingSettings {
  readonly level: string
  readonly prefix?: string
  readonly stdout?: boolean
  readonly syslog?: boolean
  readonly format?: string
}

/** What the settings come to. */
export interface LoggingPlan {
  readonly options: LoggingOptions
  /** To be logged as a warning: settings that this version cannot follow, and what it does in their place. */
  readonly warnings: readonly string[]
  /** Why there is no application log; null when there is one. It cannot be told in the log. */
  readonly silence: string | null
}

const TAG = '[SERVICE: Logging]'

/** Decides how the application log is written; `settings` is undefined when `telemetry/logging` is not configured. */
export function planLogging(settings: LoggingSettings | undefined, isTerminal: boolean): LoggingPlan {
  if (settings === undefined) return { options: DEFAULT_LOGGING, warnings: [], silence: null }
  const level = findLevel(settings.level)
  if (level === null) return { options: DEFAULT_LOGGING, warnings: [unknownLevel(settings.level)], silence: null }
  const prefix = settings.prefix ?? ''
  const common = { prefix, colours: isTerminal }
  if (settings.stdout !== true && settings.syslog !== true) {
    const silence = `${TAG} no application log is written: telemetry/logging has neither "stdout": true nor "syslog": true`
    return { options: { ...common, level: null, format: 'default' }, warnings: [], silence }
  }
  const warnings: string[] = []
  if (settings.syslog === true) {
    warnings.push(`${TAG} "syslog" is not available in this version: the log goes to standard output`)
  }
  const format = settings.format === 'logstash' ? 'logstash' : 'default'
  if (settings.format !== undefined && settings.format !== '' && settings.format !== format) {
    warnings.push(
      `${TAG} the format "${settings.format}" is not available in this version (default and logstash are): using default`,
    )
  }
  return { options: { ...common, level, format }, warnings, silence: null }
}

function findLevel(text: string): Level | null {
  const upper = text.toUpperCase()
  return LEVELS.find((level) => level === upper) ?? null
}

function unknownLevel(level: string): string {
  return `${TAG} Unable to create the logger: unknown level "${level}" (want one of ${LEVELS.join(', ')}): logging everything in the default format`
}
