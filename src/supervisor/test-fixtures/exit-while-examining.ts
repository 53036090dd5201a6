import { Worker } from 'node:worker_threads'
import { examine } from '../examine.ts'

// Ends the process so many milliseconds after a thread began to be examined.

const loops = new Worker('for (;;);', { eval: true })
await new Promise((resolve) => loops.once('online', resolve))
void examine(loops.threadId, () => 0)
setTimeout(() => process.exit(3), Number(process.argv[2]))
