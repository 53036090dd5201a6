import { Worker } from 'node:worker_threads'
import { entryBeside } from '../shared/entry-beside.ts'
import type { StackFrame } from '../shared/stack-frames.ts'
import type { ExaminerAnswer, ExaminerQuestion } from './examiner-thread.ts'

/** How long the thread may take to show what it does, in milliseconds; time that it waits for a processor comes on top. */
const LIMIT_MS = 300
const LONGEST_MS = 1500

/** How long the examiner itself may take to begin and to let go, in milliseconds. */
const EXAMINER_MS = 3000

/** How long the end of the process waits for it, in milliseconds, and how often it looks. */
const EXIT_MS = 1000
const EXIT_LOOK_MS = 2

const HEAP_MB = 32

const ENTRY = entryBeside(import.meta.url, './examiner-thread.ts')

let examiner: Examiner | null = null

/** Whether a debugger is attached to this process: a thread that it has stopped stands still on purpose. */
export async function isDebugged(): Promise<boolean> {
  const { url } = await import('node:inspector')
  return url() !== undefined
}

/**
 * Halts a thread through the inspector for as long as it takes to read its stack, the innermost frame first. Null when
 * it does not halt in time: it is in a call of native code then.
 * @param threadId as `worker.threadId`
 * @param waitedMs how long the thread has waited for a processor since it began
 */
export async function examine(threadId: number, waitedMs: () => number): Promise<readonly StackFrame[] | null> {
  // Started by the first thread that stands still, and there from then on.
  examiner ??= new Examiner(() => {
    examiner = null
  })
  return await examiner.examine(threadId, waitedMs)
}

interface Examination {
  readonly waitedMs: () => number
  readonly done: (frames: readonly StackFrame[] | null) => void
  stopWaiting: () => void
}

/** The thread that looks at others. */
class Examiner {
  readonly #worker: Worker
  readonly #examinations = new Map<number, Examination>()
  readonly #unfinished = new Int32Array(new SharedArrayBuffer(4))
  readonly #letGo = () => this.#letGoAtExit()
  #last = 0

  constructor(ended: () => void) {
    this.#worker = new Worker(ENTRY, {
      name: 'examiner',
      workerData: this.#unfinished,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    })
    this.#worker.on('message', (answer: ExaminerAnswer) => this.#take(answer))
    this.#worker.on('error', () => {}) // its end comes behind it
    this.#worker.on('exit', () => {
      ended()
      process.off('exit', this.#letGo)
      Atomics.store(this.#unfinished, 0, 0)
      for (const id of this.#examinations.keys()) this.#end(id, null)
    })
    this.#worker.unref() // last: a listener for messages takes that back
    process.on('exit', this.#letGo)
  }

  examine(threadId: number, waitedMs: () => number): Promise<readonly StackFrame[] | null> {
    const id = ++this.#last
    const { promise, resolve } = Promise.withResolvers<readonly StackFrame[] | null>()
    this.#examinations.set(id, { waitedMs, done: resolve, stopWaiting: this.#giveUpLater(id) })
    Atomics.add(this.#unfinished, 0, 1)
    this.#ask({ type: 'halt', id, threadId })
    return promise
  }

  #take(answer: ExaminerAnswer): void {
    if (answer.type === 'found') this.#end(answer.id, answer.frames)
    else this.#limit(answer.id)
  }

  #limit(id: number): void {
    const examination = this.#examinations.get(id)
    if (examination === undefined) return
    examination.stopWaiting()
    examination.stopWaiting = limitWithout(examination.waitedMs, () => {
      this.#ask({ type: 'over', id })
      examination.stopWaiting = this.#giveUpLater(id)
    })
  }

  /** Does without an answer when the examiner itself takes too long. Returns what takes that back. */
  #giveUpLater(id: number): () => void {
    const timer = setTimeout(() => {
      this.#ask({ type: 'over', id })
      this.#end(id, null)
    }, EXAMINER_MS)
    return () => clearTimeout(timer)
  }

  #end(id: number, frames: readonly StackFrame[] | null): void {
    const examination = this.#examinations.get(id)
    this.#examinations.delete(id)
    examination?.stopWaiting()
    examination?.done(frames)
  }

  /** The process ends: it would wait for ever for a thread that is halted. */
  #letGoAtExit(): void {
    for (const id of this.#examinations.keys()) this.#ask({ type: 'over', id })
    const until = performance.now() + EXIT_MS
    // The inspector's messages are dispatched amid JavaScript: this is not one long wait, and takes one turn more.
    for (let idle = 0; idle < 2 && performance.now() < until; ) {
      const unfinished = Atomics.load(this.#unfinished, 0)
      if (unfinished === 0) idle++
      else Atomics.wait(this.#unfinished, 0, unfinished, EXIT_LOOK_MS)
    }
  }

  #ask(question: ExaminerQuestion): void {
    this.#worker.postMessage(question)
  }
}

/** Calls `over` when the limit has passed, not counting what was waited for. Returns what takes that back. */
function limitWithout(waitedMs: () => number, over: () => void): () => void {
  const startedAt = performance.now()
  const waitedBefore = waitedMs()
  let timer = setTimeout(function look() {
    const passed = performance.now() - startedAt
    const left = Math.min(LIMIT_MS + waitedMs() - waitedBefore, LONGEST_MS) - passed
    if (left > 1) timer = setTimeout(look, left)
    else over()
  }, LIMIT_MS)
  return () => clearTimeout(timer)
}
