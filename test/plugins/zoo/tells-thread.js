import { threadId } from 'node:worker_threads'
import { definePlugin } from 'loligo/plugin'

/** Does no harm: answers with the thread that it runs in. */
export const tellsThread = definePlugin({
  name: 'tells-thread',
  modifier: () => ({ request: () => ({ data: { thread: threadId } }) }),
})
