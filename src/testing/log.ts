import type { Level, Logger } from '../telemetry/logger.ts'

/**
 * One line of the gateway's log.
 *
 * @example
 * { level: 'INFO', message: '[PLUGIN: stamp] ready' }
 */
export interface LogLine {
  readonly level: Level
  /** With the tags before it: `[PLUGIN: stamp] ready`. */
  readonly message: string
}

/**
 * What the gateway and its plugins have written to the log.
 *
 * @example
 * assert.equal(gateway.log.find(/gave up after \d tries/, 'WARNING').length, 1)
 */
export interface RecordedLog {
  /** All lines, in their order. */
  readonly lines: readonly LogLine[]
  /**
   * The messages that hold a text or match an expression.
   * @param level only of this level
   */
  find(pattern: string | RegExp, level?: Level): readonly string[]
  /** Forgets the lines so far. */
  clear(): void
}

/** A log that keeps its lines, and the logger that writes to it. */
export function recordLog(): { readonly log: RecordedLog; readonly logger: Logger } {
  const lines: LogLine[] = []
  const log: RecordedLog = {
    lines,
    find: (pattern, level) =>
      lines.filter((line) => (level ?? line.level) === line.level && matches(line.message, pattern)).map(messageOf),
    clear: () => {
      lines.length = 0
    },
  }
  return { log, logger: loggerTo((line) => lines.push(line), '') }
}

function loggerTo(write: (line: LogLine) => void, prefix: string): Logger {
  const at = (level: Level) => (message: string) => write({ level, message: prefix + message })
  return {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
    isEnabled: () => true,
    tagged: (tag) => loggerTo(write, `${prefix}${tag} `),
  }
}

function matches(message: string, pattern: string | RegExp): boolean {
  return typeof pattern === 'string' ? message.includes(pattern) : message.search(pattern) !== -1
}

function messageOf({ message }: LogLine): string {
  return message
}
