import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectRaw } from '../support/client.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { Lines } from '../support/lines.ts'
import { startBackend } from '../support/start-backend.ts'
import { startThreads } from '../support/start-threads.ts'
import { zooConfig, zooFolder } from './zoo/start-zoo.ts'

const CLIENTS = 16
const RELOADS = 3

test('reloads under load lose no request of Go plugins, and the old instance ends after its last', {
  skip: withoutGo,
}, async (t) => {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const folder = await zooFolder(t, 'faults', 'bystander')
  const config = (version: number) => zooConfig(folder, upstream.url, { own: { version }, timeout: '30s' })
  const printed = new Lines()
  const { request, reload, log, supervisor } = await startThreads(t, config(0), {
    print: (_stream, text) => printed.add(text),
  })
  const first = (await request('/handler')).header('x-born')

  let loads = true
  const statuses = new Map<string, number>()
  const load = async (path: string): Promise<void> => {
    while (loads && !t.signal.aborted) {
      const outcome = await request(path).then(({ status }) => `${path} ${status}`, String)
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1)
    }
  }
  const paths = ['/handler', '/modifier', '/middleware', '/client']
  const clients = Array.from({ length: CLIENTS }, (_, index) => load(paths[index % paths.length] as string))

  try {
    const slow = connectRaw(t, supervisor.port)
    slow.write(
      'POST /handler HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\nX-Handler: echo-late\r\n\r\n',
    )
    slow.write('first')
    assert.match(await slow.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 200 .*X-Born: ${first}`, 's'))
    for (let version = 1; version <= RELOADS; version++) await reload(config(version))
    // Those of the generations in between have nothing left to do.
    await printed.findAll(/^faults \w+ ends/, RELOADS - 1)
    assert.ok(!printed.all.join('').includes(`faults ${first} ends`), 'the old instance ended before its last request')
    slow.write('&last')
    assert.match(await slow.closed, /first.*&last.*\r\n0\r\n\r\n$/s)
    await printed.find(new RegExp(`faults ${first} ends`))
  } finally {
    loads = false
    await Promise.all(clients)
  }
  assert.deepEqual([...statuses.keys()].sort(), paths.map((path) => `${path} 200`).sort())
  assert.notEqual((await request('/handler')).header('x-born'), first)
  assert.deepEqual(
    log.all.filter((line) => line.includes('another instance')),
    [],
  )
})
