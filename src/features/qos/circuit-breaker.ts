import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { cellName } from '../../shared/cells.ts'
import { BREAKER_BYTES, Breaker, MAX_ERRORS_LIMIT } from '../../traffic/breaker-cell.ts'
import { guardedBy } from '../../traffic/circuit-breaker.ts'
import { sharedTime } from '../../traffic/shared-time.ts'

const NAMESPACE = 'qos/circuit-breaker'
const DEFAULT_OPEN_S = 60
/** What a trial is given beyond the time of its endpoint, for the way back of its answer. */
const TRIAL_GRACE_MS = 1000

/**
 * `qos/circuit-breaker`: stops calling a backend that keeps failing, for all threads at once. Specification:
 * traffic-security 4.
 */
export const circuitBreaker = defineFeature({
  namespace: NAMESPACE,
  options: Type.Object({
    interval: Type.Integer({
      description: 'Seconds after which the count of failures begins anew while the breaker is closed; 0: never.',
      minimum: 0,
      default: 0,
    }),
    timeout: Type.Integer({
      description: 'Seconds that the breaker stays open before one call is tried; 0 means 60.',
      minimum: 0,
      default: 0,
    }),
    max_errors: Type.Integer({
      description: 'Failures in a row that are borne: the next one opens the breaker.',
      minimum: 0,
      maximum: MAX_ERRORS_LIMIT,
      default: 0,
    }),
    name: Type.String({ description: 'What the log calls it.', default: '' }),
    log_status_change: Type.Boolean({ description: 'Log when it opens, tries and closes.', default: false }),
  }),
  backend: async (options, { endpoint, backend, cells, clock, log }) => {
    const { interval, timeout, max_errors: maxErrors, name, log_status_change: logs } = options
    if (interval === 0 && timeout === 0 && maxErrors === 0 && name === '' && !logs) {
      log.warning(`[CB] ${NAMESPACE} sets no option, so there is no circuit breaker: write "max_errors", or remove it`)
      return null
    }
    log.debug(`[CB] Creating the circuit breaker named '${name}'`)
    const { hosts, urlPattern, method } = backend
    const place = `${endpoint.method} ${endpoint.path} ${backend.index}`
    const cell = await cells.open(cellName(NAMESPACE, place, { options, hosts, urlPattern, method }), BREAKER_BYTES)
    const breaker = new Breaker(cell, {
      maxErrors,
      intervalMs: interval * 1000,
      openMs: (timeout === 0 ? DEFAULT_OPEN_S : timeout) * 1000,
      trialMs: endpoint.timeoutMs + TRIAL_GRACE_MS,
      now: sharedTime(clock),
      changed: (from, to) => {
        if (logs) log.warning(`[CB] Circuit breaker named '${name}' went from '${from}' to '${to}'`)
      },
    })
    return guardedBy(breaker)
  },
})
