import type { TestContext } from 'node:test'
import type { LoadReport } from './load-messages.ts'

/** Adds the latencies to what the test tells: for information, for they are those of this machine at this moment. */
export function tellLatencies(t: TestContext, { latencies }: LoadReport): void {
  const ms = (us: number) => (us / 1000).toFixed(1)
  for (const { label, requests, p50Us, p99Us, maxUs } of latencies) {
    t.diagnostic(`${label}: ${requests} requests, p50 ${ms(p50Us)} ms, p99 ${ms(p99Us)} ms, at most ${ms(maxUs)} ms`)
  }
}
