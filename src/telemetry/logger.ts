/** The levels of the application log, from the least to the most serious. */
export const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
/**
 * One of them.
 *
 * @example
 * gateway.log.find('slow', 'WARNING')
 */
export type Level = (typeof LEVELS)[number]

/**
 * Writes lines to the application log.
 *
 * @example
 * log.warning(`${user} was refused`)
 * if (log.isEnabled('DEBUG')) log.debug(`rules: ${JSON.stringify(rules)}`)
 */
export interface Logger {
  debug(message: string): void
  info(message: string): void
  warning(message: string): void
  error(message: string): void
  critical(message: string): void
  /** Whether a line of that level would be written; asks before an expensive message is put together. */
  isEnabled(level: Level): boolean
  /** A logger that puts `tag` and a blank before each message: `[ENDPOINT: /a]`. */
  tagged(tag: string): Logger
}
