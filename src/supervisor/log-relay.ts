import type { Logger } from '../telemetry/logger.ts'

/** A log that may change while others hold it. */
export interface LogRelay {
  readonly log: Logger
  /** From now on lines go to another log. */
  change(target: Logger): void
}

/** Makes a log that passes its lines on. */
export function createLogRelay(first: Logger): LogRelay {
  let target = first
  const tagged = (tag: string): Logger => ({
    debug: (message) => target.debug(tag + message),
    info: (message) => target.info(tag + message),
    warning: (message) => target.warning(tag + message),
    error: (message) => target.error(tag + message),
    critical: (message) => target.critical(tag + message),
    isEnabled: (level) => target.isEnabled(level),
    tagged: (more) => tagged(`${tag}${more} `),
  })
  return {
    log: tagged(''),
    change(next) {
      target = next
    },
  }
}
