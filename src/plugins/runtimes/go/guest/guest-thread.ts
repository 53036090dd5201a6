import { parentPort, workerData } from 'node:worker_threads'
import type { FromGuestThread, GuestData, ToGuestThread } from './messages.ts'
import { runGuest } from './run-guest.ts'

if (parentPort === null) throw new Error('this file is the body of the thread of a plugin')
const port = parentPort
const tell = (message: FromGuestThread): void => port.postMessage(message)
const guest = runGuest(workerData as GuestData, tell)
port.on('message', (message: ToGuestThread) => guest.obey(message))
const reason = await guest.ended
tell({ type: 'ended', reason })
port.close()
