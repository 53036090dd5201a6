import type { Level, Logger } from './logger.ts'
import { LEVELS } from './logger.ts'
import { keepInside } from './printable.ts'
import { createStamp, millisecondDigits } from './timestamp.ts'

/**
 * How a line of the application log looks: `plain` without `telemetry/logging`, `default` and `logstash` as its `format`
 * says, `bare` for what a command says on a terminal.
 */
export type LogFormat = 'plain' | 'default' | 'logstash' | 'bare'

/** The application log's settings, as plain data that can be sent to a thread. */
export interface LoggingOptions {
  /** What is less serious is dropped; null drops everything. */
  readonly level: Level | null
  readonly format: LogFormat
  /** Before each line of the format `default`. */
  readonly prefix: string
  /** ANSI colours in the format `default`: only for terminals. */
  readonly colours: boolean
}

/** Takes a finished line, without a line feed; the level tells whether it may wait. */
export type LineWriter = (line: string, level: Level) => void

/** The settings where `telemetry/logging` is not configured. */
export const DEFAULT_LOGGING: LoggingOptions = { level: 'DEBUG', format: 'plain', prefix: '', colours: false }

/** Makes the application log (specification: operations 4.1). */
export function createLogger(options: LoggingOptions, write: LineWriter): Logger {
  const lowest = options.level === null ? LEVELS.length : LEVELS.indexOf(options.level)
  return new LineLogger(lowest, createFormatter(options), write, '')
}

/** Writes one line; `nowMs` is the time since 1970. */
type Formatter = (level: Level, message: string, nowMs: number) => string

class LineLogger implements Logger {
  readonly #lowest: number
  readonly #format: Formatter
  readonly #write: LineWriter
  readonly #tag: string

  constructor(lowest: number, format: Formatter, write: LineWriter, tag: string) {
    this.#lowest = lowest
    this.#format = format
    this.#write = write
    this.#tag = tag
  }

  debug(message: string): void {
    if (this.#lowest <= 0) this.#line('DEBUG', message)
  }

  info(message: string): void {
    if (this.#lowest <= 1) this.#line('INFO', message)
  }

  warning(message: string): void {
    if (this.#lowest <= 2) this.#line('WARNING', message)
  }

  error(message: string): void {
    if (this.#lowest <= 3) this.#line('ERROR', message)
  }

  critical(message: string): void {
    if (this.#lowest <= 4) this.#line('CRITICAL', message)
  }

  isEnabled(level: Level): boolean {
    return LEVELS.indexOf(level) >= this.#lowest
  }

  tagged(tag: string): Logger {
    return new LineLogger(this.#lowest, this.#format, this.#write, `${this.#tag}${tag} `)
  }

  #line(level: Level, message: string): void {
    this.#write(this.#format(level, this.#tag + message, Date.now()), level)
  }
}

const COLOURS: Readonly<Record<Level, string>> = {
  DEBUG: '\x1b[36m',
  INFO: '',
  WARNING: '\x1b[33m',
  ERROR: '\x1b[31m',
  CRITICAL: '\x1b[35m',
}

const RESET = '\x1b[0m'

function createFormatter(options: LoggingOptions): Formatter {
  if (options.format === 'plain') return createPlainFormatter()
  if (options.format === 'bare') return (level, message) => `${level} ${keepInside(message)}`
  return options.format === 'logstash' ? createLogstashFormatter() : createDefaultFormatter(options)
}

function createPlainFormatter(): Formatter {
  const stamp = createStamp({ dateSeparator: '/', between: ' ' })
  return (level, message, nowMs) => `${stamp(nowMs)} KRAKEND ${level}: ${keepInside(message)}`
}

/** The level is cut to six letters, as the reference does; filters in use match these. */
function createDefaultFormatter({ prefix, colours }: LoggingOptions): Formatter {
  const stamp = createStamp({ dateSeparator: '/', between: ' - ' })
  const marks = Object.fromEntries(
    LEVELS.map((level) => {
      const mark = `▶ ${level.slice(0, 6)}`
      return [level, colours ? `${COLOURS[level]}${mark}${RESET}` : mark]
    }),
  )
  return (level, message, nowMs) =>
    `${prefix} ${stamp(nowMs)}.${millisecondDigits(nowMs)} ${marks[level]} ${keepInside(message)}`
}

/** Local time with a fixed offset and these blanks are the reference's; the message is JSON always, which there it is not. */
function createLogstashFormatter(): Formatter {
  const stamp = createStamp({ dateSeparator: '-', between: 'T' })
  return (level, message, nowMs) => {
    const time = `${stamp(nowMs)}.${millisecondDigits(nowMs)}+00:00`
    return `{"@timestamp":"${time}", "@version": 1, "level": "${level}", "message": ${JSON.stringify(message)}, "module": "KRAKEND"}`
  }
}
