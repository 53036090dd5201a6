import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendGenerated } from './raw-requests/send-generated.ts'

test('generated requests: no hang, no defect, no call that nobody asked for', { timeout: 60_000 }, async (t) => {
  const { calls, statuses } = await sendGenerated(t, 3000)
  assert.ok(calls > 100, 'some are carried out')
  assert.ok((statuses[400] ?? 0) > 100, 'and some are refused')
})
