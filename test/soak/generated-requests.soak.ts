import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendGenerated } from '../raw-requests/send-generated.ts'

test('100,000 connections with generated requests', { timeout: 900_000 }, async (t) => {
  const startedAt = performance.now()
  const { connections, calls, statuses } = await sendGenerated(t, 100_000)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  t.diagnostic(`${connections} connections in ${seconds} s; ${calls} calls; answers: ${JSON.stringify(statuses)}`)
  assert.ok(connections >= 100_000)
})
