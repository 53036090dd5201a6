import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import type { TestContext } from 'node:test'

/** A connection that stays open: sends a GET, resolves to the body of the answer. */
export type KeptConnection = (path: string) => Promise<string>

/** Opens a connection; closed after the test. */
export function keepConnection(t: TestContext, port: number): KeptConnection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return (path) =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.on('end', () => resolve(body)).on('error', reject)
      }).on('error', reject)
    })
}

/** Two connections to different threads, which `/where` tells apart (`tells-thread.js` of the zoo). */
export async function connections(
  t: TestContext,
  port: number,
): Promise<{ readonly bad: KeptConnection; readonly other: KeptConnection }> {
  const byThread = new Map<unknown, KeptConnection>()
  while (byThread.size < 2) {
    const connection = keepConnection(t, port)
    byThread.set((JSON.parse(await connection('/where')) as { thread: number }).thread, connection)
  }
  const [bad, other] = byThread.values()
  assert.ok(bad !== undefined && other !== undefined)
  return { bad, other }
}
