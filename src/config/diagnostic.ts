import { ERRORS, type ErrorCode } from '../errors.ts'

/**
 * `error` stops the start; `skipped` leaves something out and is to be logged at ERROR; `warning` is to be logged
 * at WARNING.
 */
export type Severity = 'error' | 'skipped' | 'warning'

/**
 * Something that is wrong with a configuration, and what to do about it.
 *
 * @example
 * {
 *   severity: 'error', code: 'PLUGIN_NOT_FOUND', file: 'krakend.json', line: 25, column: 15,
 *   path: 'extra_config."plugin/http-server".name', message: 'no server plugin "helo"; loaded: "hello"',
 *   remedy: 'Did you mean "hello"?',
 * }
 */
export interface Diagnostic {
  readonly severity: Severity
  readonly code: ErrorCode
  /** The file; `environment` for a variable of the environment; empty for a program's own object. */
  readonly file: string
  /** From 1; 0 when unknown. */
  readonly line: number
  /** From 1, in UTF-16 units; 0 when unknown. */
  readonly column: number
  /** JSON path, such as `endpoints[3].timeout`, or the name of the variable; empty for the whole file. */
  readonly path: string
  readonly message: string
  readonly remedy: string
}

/**
 * Writes a diagnostic for terminals: one line with the place and the message, one indented line with the remedy. A
 * file that cannot be read is told in one line, as a port that cannot be had.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return format(diagnostic, diagnostic.severity)
}

/** The same without the severity: for a log or a list whose lines begin with a level. */
export function formatNotice(diagnostic: Diagnostic): string {
  return format(diagnostic, '')
}

function format({ code, file, line, column, path, message, remedy }: Diagnostic, severity: string): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  const parts = [place, severity, path, message].filter((part) => part !== '')
  const between = code === 'CONFIG_FILE_UNREADABLE' ? '. ' : '\n    '
  return `${parts.join(': ')}${between}${remedy} (${code})`
}

/** The remedy that the registry knows for a code. */
export function defaultRemedy(code: ErrorCode): string {
  return ERRORS[code].remedy
}
