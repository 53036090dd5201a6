import { test } from 'node:test'
import { holdGenerations } from './soak/hold-generations.ts'

test('a generation lives until its last request is answered, and no instance of a plugin is left of it', (t) =>
  holdGenerations(t, 3))
