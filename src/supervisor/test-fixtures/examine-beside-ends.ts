import { Session } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import { examine } from '../examine.ts'

// Examines a thread that loops while others end, on a main thread that takes its time with what it is told of them.

const { emit } = Session.prototype
Session.prototype.emit = function (this: Session, ...args: unknown[]): boolean {
  const end = performance.now() + (args[0] === 'NodeWorker.attachedToWorker' ? 10 : 0)
  while (performance.now() < end);
  return Reflect.apply(emit, this, args)
} as typeof emit

const loops = new Worker('for (;;);', { eval: true })
let over = false

async function startOthers(): Promise<void> {
  while (!over) {
    const other = new Worker('', { eval: true })
    await new Promise((resolve) => other.once('exit', resolve))
  }
}

await new Promise((resolve) => loops.once('online', resolve))
const others = Array.from({ length: 8 }, startOthers)
let found = 0
for (let i = 0; i < 20; i++) if ((await examine(loops.threadId, () => 0)) !== null) found++
over = true
await Promise.all([...others, loops.terminate()])
process.stdout.write(`found ${found}`)
