import { test } from 'node:test'
import { reloadUnderLoad } from './reload-under-load.ts'

test('100 reloads at 2,000 requests per second, half of them broken: no request fails', { timeout: 400_000 }, (t) =>
  reloadUnderLoad(t, { rate: 2_000, connections: 64, reloads: 100, beforeMs: 10_000 }),
)
