import { test } from 'node:test'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { reloadUnderLoad } from './soak/reload-under-load.ts'

// The short form of what `npm run soak -- reload` does at length. The watchdog is set shorter, for the plugin that never
// ends while it is loaded is waited for.
test('no request fails while good and broken versions are reloaded in turn', { skip: !canSharePort() }, (t) =>
  reloadUnderLoad(t, { rate: 200, connections: 16, reloads: 10, beforeMs: 200, flags: ['--watchdog', '700ms'] }),
)
