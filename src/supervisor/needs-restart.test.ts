import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsRestart } from './needs-restart.ts'
import { emptyConfig } from './test-fixtures/config.ts'

test('another port or address is told, each by itself', () => {
  const started = emptyConfig({ port: 8080, listenIp: '' })
  assert.deepEqual(needsRestart(started, emptyConfig({ port: 8080, listenIp: '', maxShutdownWaitMs: 5 })), [])
  assert.deepEqual(needsRestart(started, emptyConfig({ port: 8081, listenIp: '::1' })), [
    'the port stays 8080: 8081 needs a restart',
    'listen_ip stays all addresses: ::1 needs a restart',
  ])
})
