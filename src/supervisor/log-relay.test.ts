import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingLog } from '../../test/support/recording-log.ts'
import { createLogRelay } from './log-relay.ts'

test('those who hold the log write to the one that counts, with their tags', () => {
  const [before, after] = [recordingLog(), recordingLog()]
  const relay = createLogRelay(before)
  const tagged = relay.log.tagged('[A]').tagged('[B]')
  relay.log.info('one')
  tagged.error('two')
  relay.change(after)
  relay.log.debug('three')
  tagged.critical('four')
  assert.deepEqual(before.lines, ['INFO one', 'ERROR [A] [B] two'])
  assert.deepEqual(after.lines, ['DEBUG three', 'CRITICAL [A] [B] four'])
})
