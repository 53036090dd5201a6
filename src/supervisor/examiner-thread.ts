import { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'
import { pathOf, type StackFrame } from '../shared/stack-frames.ts'

// The thread that looks at others through the inspector. The main thread must not do it itself: Node tells a session of
// the same thread of each child amid its walk over them, in JavaScript, and a child that ends meanwhile takes the
// process down. It stays once it is there, for a session that is closed still writes to the thread that it was of.

/** What is asked: to halt a thread and read its stack, or to let go of it again. */
export type ExaminerQuestion =
  | { readonly type: 'halt'; readonly id: number; readonly threadId: number }
  | { readonly type: 'over'; readonly id: number }

/** That the thread is about to be halted, and what was found: null when it was over before. */
export type ExaminerAnswer =
  | { readonly type: 'begun'; readonly id: number }
  | { readonly type: 'found'; readonly id: number; readonly frames: readonly StackFrame[] | null }

/** How many threads are halted, or about to be: what ends the process waits until there are none. */
const unfinished = workerData as Int32Array

const running = new Map<number, PromiseWithResolvers<readonly StackFrame[] | null>>()

parentPort?.on('message', (question: ExaminerQuestion) => {
  if (question.type === 'over') running.get(question.id)?.resolve(null)
  else void examine(question)
})

async function examine({ id, threadId }: Extract<ExaminerQuestion, { readonly type: 'halt' }>): Promise<void> {
  const found = Promise.withResolvers<readonly StackFrame[] | null>()
  running.set(id, found)
  const session = new Session()
  session.connectToMainThread()
  const letGo = halt(session, threadId, found.resolve)
  say({ type: 'begun', id })
  const frames = await found.promise
  running.delete(id)
  await letGo()
  session.removeAllListeners() // what is still under way is about a session that is closed
  session.disconnect()
  Atomics.sub(unfinished, 0, 1)
  Atomics.notify(unfinished, 0)
  say({ type: 'found', id, frames })
}

function say(answer: ExaminerAnswer): void {
  parentPort?.postMessage(answer)
}

/** Returns what lets the thread go on, and settles when it does. */
function halt(session: Session, threadId: number, found: (frames: readonly StackFrame[]) => void): () => Promise<void> {
  const urls = new Map<string, string>()
  let attached: string | null = null
  let over = false // what is told comes amid other code, so also when the end has begun
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    // `workerId` numbers what is attached; the thread's own number is in the title alone.
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return session.post('NodeWorker.detach', { sessionId })
    if (over) return
    attached = sessionId
    for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries()) {
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method }) })
    }
  })
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => {
    const event = JSON.parse(message) as InspectorEvent
    if (event.method === 'Debugger.scriptParsed') urls.set(event.params.scriptId, event.params.url)
    else if (event.method === 'Debugger.paused') {
      found(event.params.callFrames.map((frame) => toStackFrame(frame, urls)))
    }
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  return async () => {
    over = true
    // Without this the thread would not even end when it is told to.
    const { promise, resolve } = Promise.withResolvers<void>()
    if (attached === null) resolve()
    else session.post('NodeWorker.detach', { sessionId: attached }, () => resolve())
    await promise
  }
}

/** Those of the inspector's messages that are looked at. */
type InspectorEvent =
  | {
      readonly method: 'Debugger.scriptParsed'
      readonly params: { readonly scriptId: string; readonly url: string }
    }
  | { readonly method: 'Debugger.paused'; readonly params: { readonly callFrames: readonly CallFrame[] } }
  | { readonly method?: undefined }

/** Lines and columns count from 0 here. */
interface CallFrame {
  readonly functionName: string
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number }
}

function toStackFrame({ functionName, location }: CallFrame, urls: ReadonlyMap<string, string>): StackFrame {
  const { scriptId, lineNumber, columnNumber = 0 } = location
  return { name: functionName, file: pathOf(urls.get(scriptId) ?? ''), line: lineNumber + 1, column: columnNumber + 1 }
}
