import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { connectCells } from '../../../shared/cells.ts'
import { openResponseStore, type StoreLimits } from '../response-store.ts'

const { cells, name, limits } = workerData as { cells: MessagePort; name: string; limits: StoreLimits }
const store = await openResponseStore(connectCells(cells), name, limits)

// Each message is a key to look for; it is looked for without giving the event loop a turn for announcements.
parentPort?.on('message', ({ find, put }: { find?: string; put?: string }) => {
  if (put !== undefined) {
    const body = new SharedArrayBuffer(4)
    store.put(put, {
      ...{
        status: 200,
        fields: ['X-From', 'thread'],
        datedAt: 0,
        freshUntil: 1,
        alwaysValidate: false,
        neverStale: false,
      },
      ...{ staleIfErrorMs: 0, etag: null, lastModified: null, vary: [], credentials: 0 as const, body },
    })
  }
  const found = find === undefined ? undefined : store.find(find)
  parentPort?.postMessage(found === undefined ? null : { from: found.get('x-from'), body: found.stored.body })
})
parentPort?.postMessage('ready')
