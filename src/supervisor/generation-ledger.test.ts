import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GenerationLedger } from './generation-ledger.ts'

test('a generation is unused when its last holder has given it back, each once', () => {
  const unused: number[] = []
  const ledger = new GenerationLedger((generation) => unused.push(generation))
  const [first, second, other] = [ledger.hold(1), ledger.hold(1), ledger.hold(2)]
  first()
  first()
  assert.deepEqual(unused, [])
  other()
  second()
  assert.deepEqual(unused, [2, 1])
})
