import type { Level, Logger } from '../../src/telemetry/logger.ts'

/** A logger that keeps its lines as `LEVEL message`. */
export interface RecordingLog extends Logger {
  readonly lines: string[]
}

export function recordingLog(lines: string[] = [], prefix = ''): RecordingLog {
  const write = (level: Level) => (message: string) => {
    lines.push(`${level} ${prefix}${message}`)
  }
  return {
    lines,
    debug: write('DEBUG'),
    info: write('INFO'),
    warning: write('WARNING'),
    error: write('ERROR'),
    critical: write('CRITICAL'),
    isEnabled: () => true,
    tagged: (tag) => recordingLog(lines, `${prefix}${tag} `),
  }
}
