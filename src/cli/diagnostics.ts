import type { Diagnostic } from '../config/diagnostic.ts'
import { formatDiagnostic } from '../config/diagnostic.ts'

/** The diagnostics of one severity, a line each; the first stands behind what introduces it. */
export function listDiagnostics(diagnostics: readonly Diagnostic[], severity: Diagnostic['severity']): string {
  return diagnostics
    .filter((diagnostic) => diagnostic.severity === severity)
    .map(formatDiagnostic)
    .join('\n')
}
