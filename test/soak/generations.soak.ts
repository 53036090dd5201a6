import { test } from 'node:test'
import { holdGenerations } from './hold-generations.ts'

test('50 generations live at once, and close with their last requests', { timeout: 120_000 }, (t) =>
  holdGenerations(t, 50),
)
