import type { Session } from 'node:inspector'
import { pathOf, type StackFrame } from '../shared/stack-frames.ts'

/** How long the thread may take to show what it does, in milliseconds; time that it waits for a processor comes on top. */
const LIMIT_MS = 300
const LONGEST_MS = 1500

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
  // Loaded by this alone: it takes part of a millisecond, and nothing is left of it afterwards.
  const { Session } = await import('node:inspector')
  const session = new Session()
  session.connect()
  const { promise, resolve } = Promise.withResolvers<readonly StackFrame[] | null>()
  const limit = limitWithout(waitedMs, () => resolve(null))
  try {
    return await halt(session, threadId, promise, resolve)
  } finally {
    limit.clear()
    session.disconnect()
  }
}

/** Calls `over` when the limit has passed, not counting what was waited for. */
function limitWithout(waitedMs: () => number, over: () => void): { clear(): void } {
  const startedAt = performance.now()
  const waitedBefore = waitedMs()
  let timer = setTimeout(function look() {
    const passed = performance.now() - startedAt
    const left = Math.min(LIMIT_MS + waitedMs() - waitedBefore, LONGEST_MS) - passed
    if (left > 1) timer = setTimeout(look, left)
    else over()
  }, LIMIT_MS)
  return { clear: () => clearTimeout(timer) }
}

async function halt(
  session: Session,
  threadId: number,
  halted: Promise<readonly StackFrame[] | null>,
  resolve: (frames: readonly StackFrame[]) => void,
): Promise<readonly StackFrame[] | null> {
  const urls = new Map<string, string>()
  let attached: string | null = null
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    // `workerId` numbers what is attached; the thread's own number is in the title alone.
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return session.post('NodeWorker.detach', { sessionId })
    attached = sessionId
    for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries()) {
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method }) })
    }
  })
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => {
    const event = JSON.parse(message) as InspectorEvent
    if (event.method === 'Debugger.scriptParsed') urls.set(event.params.scriptId, event.params.url)
    else if (event.method === 'Debugger.paused')
      resolve(event.params.callFrames.map((frame) => toStackFrame(frame, urls)))
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  const frames = await halted
  // Without this the thread would not even end when it is told to.
  if (attached !== null) session.post('NodeWorker.detach', { sessionId: attached })
  return frames
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
