import type { GatewayConfig } from '../config/model.ts'
import type { AdmissionLimits } from '../server/admission.ts'

/** The share of the endpoint's time that each of several backends gets. Specification: core 6.2. */
export const MERGE_SHARE = 0.85

/** The share of the endpoint's time that concurrent calls get. Specification: core 6.4. */
export const CONCURRENT_SHARE = 0.75

/** What a gateway without endpoints gives a request, in milliseconds. */
const USUAL_MS = 2000

/** The time of the endpoint that has most, in milliseconds: for what comes before a request has found its endpoint. */
export function longestTimeoutOf({ endpoints }: GatewayConfig): number {
  return endpoints.reduce((longest, { timeoutMs }) => Math.max(longest, timeoutMs), USUAL_MS)
}

/** What a thread takes on at once where the configuration does not say. */
const USUAL_ACTIVE = 4096

/** A thread's share of what the process may take on. */
export function admissionLimits({ server }: GatewayConfig, threads: number): AdmissionLimits {
  const { maxConcurrentRequests: all, maxQueueMs } = server
  const share = all === null ? USUAL_ACTIVE : Math.ceil(all / threads)
  return { maxActive: share === 0 ? Number.POSITIVE_INFINITY : share, maxQueueMs }
}
