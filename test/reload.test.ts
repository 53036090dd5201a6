import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'
import { startBackend } from './support/start-backend.ts'
import { openRequest } from './support/stream-client.ts'

const THREADS = canSharePort() ? 2 : 1

/** A running gateway whose files can be changed. */
async function start(t: TestContext, files: Readonly<Record<string, unknown>>) {
  const folder = folderWith(t, files)
  const { lines, ...command } = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], {
    LOLIGO_THREADS: String(THREADS),
  })
  const port = await command.listening()
  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  /** Asks for a reload and waits until one more line says how it went. */
  const reload = async (outcome: RegExp) => {
    const before = lines.all.filter((line) => outcome.test(line)).length
    command.signal('SIGHUP')
    return (await lines.findAll(outcome, before + 1)).at(-1) ?? ''
  }
  return { ...{ folder, lines, port, write, reload }, ...command }
}

const RELOADED = /INFO: \[SERVICE: Supervisor\] generation \d+ serves after \d+ ms$/
const REFUSED = /ERROR: \[SERVICE: Supervisor\] not reloaded, generation 1 goes on/

function config(changes: Readonly<Record<string, unknown>> = {}) {
  return { version: 3, listen_ip: '127.0.0.1', timeout: '1h', ...changes }
}

test('SIGHUP: all threads serve what the file says now, and no request fails', { timeout: 30_000 }, async (t) => {
  const backend = await startBackend(t, { '/one': { json: { is: 1 } }, '/two': { json: { is: 2 } } })
  const configFor = (path: string) =>
    config({ endpoints: [{ endpoint: '/v', backend: [{ host: [backend.url], url_pattern: path }] }] })
  const gateway = await start(t, { 'krakend.json': configFor('/one') })
  const clients = Array.from({ length: 4 }, () => loadClient(t, gateway.port, '/v'))
  gateway.write('krakend.json', configFor('/two'))
  for (let round = 0; round < 2; round++) await gateway.reload(RELOADED)
  const load = await Promise.all(clients.map((client) => client.stop()))
  const answers = load.flatMap(({ bodies }) => bodies)
  assert.ok(answers.length > 100, String(answers.length))
  assert.ok(answers.includes('{"is":1}'))
  for (const { bodies, connections } of load) {
    assert.deepEqual(bodies, bodies.toSorted(), 'each connection sees the old answer, then the new one')
    assert.equal(connections, 1, 'no connection was closed')
  }
  const fresh = await Promise.all(Array.from({ length: 20 }, () => request(gateway.port, '/v')))
  assert.deepEqual(new Set(fresh.map(({ body }) => body)), new Set(['{"is":2}']))
  assert.equal(gateway.lines.all.filter((line) => /reloading: SIGHUP$/.test(line)).length, 2)
})

/** Sends one request after the other on a connection that is kept. */
function loadClient(t: TestContext, port: number, path: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const bodies: string[] = []
  const sockets = new Set<unknown>()
  let stopped = false
  const send = async () => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, agent }).end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    sockets.add(response.socket)
    let body = ''
    for await (const chunk of response.setEncoding('utf8')) body += chunk
    bodies.push(response.statusCode === 200 ? body : `${response.statusCode}`)
  }
  const done = (async () => {
    while (!stopped) await send()
  })()
  done.catch(() => {}) // told by `stop`
  return {
    async stop() {
      stopped = true
      await done
      return { bodies, connections: sockets.size }
    },
  }
}

test('what cannot be served is told in the log, and what serves goes on', { timeout: 30_000 }, async (t) => {
  const withPlugin = (name: string) =>
    config({
      plugin: { folder: 'plugins', pattern: '' },
      extra_config: { 'plugin/http-server': { name: [name], failing: {} } },
    })
  const gateway = await start(t, {
    'krakend.json': withPlugin('good'),
    'plugins/good.ts': pluginCode('good', '(next) => next'),
  })
  const refused = async (message: RegExp) => {
    await gateway.reload(REFUSED)
    assert.match(gateway.lines.all.join('\n'), message)
    assert.equal((await request(gateway.port, '/__health')).status, 200)
  }

  gateway.write('krakend.json', '{ "version": 3,\n  "endpoints": [\n}')
  await refused(/ERROR: krakend\.json:3:1: .*\n.*\(CONFIG_SYNTAX\)/)

  gateway.write('krakend.json', config({ timeout: 'soon', endpoints: {} }))
  await refused(
    /ERROR: krakend\.json:1:\d+: timeout: .*\n.*\(CONFIG_INVALID_DURATION\)\n.*krakend\.json:1:\d+: endpoints\[0\]: /,
  )

  gateway.write('krakend.json', withPlugin('absent'))
  await refused(/krakend\.json:1:\d+: error: extra_config.*name.*: .*"absent".*\n.*\(PLUGIN_NOT_FOUND\)/)

  gateway.write('krakend.json', withPlugin('good'))
  gateway.write('plugins/throws.ts', `throw new Error('not today')`)
  await refused(/plugins\/throws\.ts: error: threw while it was loaded at line 1: Error: not today/)

  gateway.write('krakend.json', withPlugin('failing'))
  gateway.write('plugins/throws.ts', pluginCode('harmless', '(next) => next'))
  gateway.write('plugins/failing.ts', pluginCode('failing', `{ throw new Error('no licence') }`))
  await refused(
    /krakend\.json:1:\d+: error: extra_config.*failing: .*no licence .*failing\.ts\)\n.*\(PLUGIN_FACTORY_FAILED\)/,
  )

  gateway.write('krakend.json', withPlugin('harmless'))
  await gateway.reload(RELOADED)
})

/** @param server the body of the factory */
function pluginCode(name: string, server: string): string {
  return `import { definePlugin } from 'loligo/plugin'
    export const plugin = definePlugin({ name: '${name}', server: () => ${server} })`
}

test('a request that takes long ends on the generation it began on', { timeout: 30_000 }, async (t) => {
  const first = Promise.withResolvers<() => void>()
  const backend = await startBackend(t, {
    '/old': (_, response) => {
      response.writeHead(200).write('old begins, ')
      first.resolve(() => response.end('old ends'))
    },
    '/new': { body: 'new' },
  })
  const configFor = (path: string) =>
    config({
      plugin: { folder: 'plugins', pattern: '' },
      extra_config: { 'plugin/http-server': { name: ['closing'], closing: { of: path } } },
      endpoints: [{ endpoint: '/s', output_encoding: 'no-op', backend: [{ host: [backend.url], url_pattern: path }] }],
    })
  const gateway = await start(t, {
    'krakend.json': configFor('/old'),
    'plugins/closing.ts': `import { threadId } from 'node:worker_threads'
      import { definePlugin } from 'loligo/plugin'
      export const plugin = definePlugin({
        name: 'closing',
        server: ({ of }: { of: string }, { log, onClose }) => {
          onClose(() => log.info(\`closed \${of} in \${threadId}\`))
          return (next) => next
        },
      })`,
  })
  const response = await openRequest(gateway.port, '/s').response
  const end = await first.promise
  gateway.write('krakend.json', configFor('/new'))
  await gateway.reload(RELOADED)
  assert.equal((await request(gateway.port, '/s')).body, 'new')
  assert.equal((await gateway.lines.findAll(/closed \/old/, THREADS - 1)).length, THREADS - 1)
  end()
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  assert.equal(body, 'old begins, old ends')
  const closed = await gateway.lines.findAll(/closed \/old in \d+$/, THREADS)
  assert.equal(new Set(closed.map((line) => line.split(' ').at(-1))).size, THREADS, 'once in each thread')
  gateway.signal('SIGTERM')
  const { output } = await gateway.end
  assert.equal(output.match(/closed \/old/g)?.length, THREADS)
  assert.equal(output.match(/closed \/new/g)?.length, THREADS)
})

test('limits of the server and the level of the log change with a reload, the port does not', {
  timeout: 30_000,
}, async (t) => {
  const logging = (level: string) => ({ 'telemetry/logging': { level, stdout: true } })
  const gateway = await start(t, { 'krakend.json': config({ extra_config: logging('INFO') }) })
  const header = { 'x-long': 'x'.repeat(12_000) }
  const status = async () => (await request(gateway.port, '/__health', { headers: header })).status
  assert.equal(await status(), 200)
  const changed = { listen_ip: '127.0.0.2', max_header_bytes: 4096, extra_config: logging('WARNING') }
  gateway.write('krakend.json', config(changed))
  await gateway.reload(/WARNIN.* listen_ip stays 127\.0\.0\.1: 127\.0\.0\.2 needs a restart$/)
  while ((await status()) === 200);
  assert.equal(await status(), 431)
  gateway.write('krakend.json', config({ extra_config: logging('INFO') }))
  await gateway.reload(/INFO \[SERVICE: Supervisor\] generation 3 serves/)
  assert.equal(await status(), 200)
  assert.ok(!gateway.lines.all.some((line) => line.includes('generation 2 serves')), 'it was told to be silent')
})
