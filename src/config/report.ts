import type { ErrorCode } from '../errors.ts'
import { type Diagnostic, defaultRemedy, type Severity } from './diagnostic.ts'
import { formatPath, type Path } from './path.ts'
import type { Locator, Position } from './positions.ts'

/** What a check has to say; the place is found when everything has been checked. */
export interface Finding {
  readonly code: ErrorCode
  readonly path: Path
  readonly message: string
  readonly remedy?: string
  /** `error` when absent. */
  readonly severity?: Severity
  /** Where it is, when the path does not tell. */
  readonly position?: Position
  /** Name of the variable of the environment that it is about, in place of a path. */
  readonly variable?: string
}

/** Collects what is wrong with one configuration. */
export class Report {
  /** Name of the file, or empty. */
  readonly file: string
  readonly lenient: boolean
  /** Root keys that came from a variable of the environment → its name. */
  readonly fromEnvironment = new Map<string, string>()
  readonly #findings: Finding[] = []

  constructor(file: string, lenient: boolean) {
    this.file = file
    this.lenient = lenient
  }

  add(finding: Finding): void {
    this.#findings.push(finding)
  }

  /** Adds what the reference would silently let pass: an error, or a warning with `--lenient`. */
  refuse(finding: Finding): void {
    this.#findings.push({ ...finding, severity: this.lenient ? 'warning' : 'error' })
  }

  get isEmpty(): boolean {
    return this.#findings.length === 0
  }

  get hasErrors(): boolean {
    return this.#findings.some((finding) => (finding.severity ?? 'error') === 'error')
  }

  /** The diagnostics in the order of the file; those without a place come first. */
  diagnostics(locate: Locator): readonly Diagnostic[] {
    const diagnostics = this.#findings.map((finding) => this.#diagnose(finding, locate))
    return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column)
  }

  #diagnose(finding: Finding, locate: Locator): Diagnostic {
    const { code, path, message } = finding
    const variable = finding.variable ?? (typeof path[0] === 'string' ? this.fromEnvironment.get(path[0]) : undefined)
    const position = variable === undefined ? (finding.position ?? locate(path)) : undefined
    return {
      severity: finding.severity ?? 'error',
      code,
      file: variable === undefined ? this.file : 'environment',
      line: position?.line ?? 0,
      column: position?.column ?? 0,
      path: variable ?? formatPath(path),
      message,
      remedy: finding.remedy ?? defaultRemedy(code),
    }
  }
}
