import { serve } from '../serve.ts'
import { canSharePort } from '../thread-count.ts'
import { emptyConfig } from './config.ts'

// A whole process: `node serve-process.ts THREADS CONFIG_CHANGES`.
const [threads, changes] = process.argv.slice(2)
const config = emptyConfig(JSON.parse(changes ?? '{}'))
process.exit(
  await serve({
    config,
    read: async () => ({ config, notices: [] }),
    watched: null,
    notices: [{ level: 'WARNING', message: 'unknown key "endpoint"' }],
    threads: Number(threads),
    reusePort: canSharePort(),
    entry: new URL('./faulty-thread.ts', import.meta.url),
    outputFd: 1,
    err: (text) => process.stderr.write(text),
  }),
)
