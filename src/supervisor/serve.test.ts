import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ConfigChanges } from './test-fixtures/config.ts'

const SCRIPT = fileURLToPath(new URL('./test-fixtures/serve-process.ts', import.meta.url))

const UNBUILT =
  'error: the plugin "auth" is not there\n    Correct the part of the configuration that the message names. (GATEWAY_NOT_BUILT)'

/** A gateway process whose output can be waited for. */
class Process {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  stdout = ''
  stderr = ''
  #changed = Promise.withResolvers<void>()

  constructor(t: TestContext, threads: number, changes: ConfigChanges = {}) {
    const args = [SCRIPT, String(threads), JSON.stringify(changes)]
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    t.after(() => this.child.kill('SIGKILL'))
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#announce()
    })
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#announce()
    })
  }

  /** Resolves to what the pattern captures in either output. */
  async shows(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (found !== null) return found[1] ?? ''
      await this.#changed.promise
    }
  }

  async listening(): Promise<string> {
    return `http://127.0.0.1:${await this.shows(/Listening on port: (\d+)\n/)}`
  }

  async exit(): Promise<number | null> {
    const [code] = await once(this.child, 'close')
    return code
  }

  #announce(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

describe('serve', () => {
  test('logs the start, serves, and ends with 0 at SIGTERM', async (t) => {
    const gateway = new Process(t, 2)
    const url = await gateway.listening()
    assert.equal((await fetch(url)).status, 200)
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exit(), 0)
    assert.match(
      gateway.stdout,
      /KRAKEND WARNING: unknown key "endpoint"\n.*INFO: Starting Loligo v\d.*\n.*Working directory is \//,
    )
    assert.match(gateway.stdout, /^\[GIN\] \/$/m)
    assert.match(
      gateway.stdout,
      /INFO: \[SERVICE: Supervisor\] 1 requests were served\n.*\[SERVICE: Gin\] Router execution ended\n$/,
    )
    assert.match(gateway.stderr, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Signal intercepted: terminated\n$/)
  })

  test('loses no access line of requests that were answered before the signal', async (t) => {
    const gateway = new Process(t, 2)
    const url = await gateway.listening()
    const numbers = Array.from({ length: 300 }, (_, index) => index)
    await Promise.all(numbers.map(async (index) => (await fetch(`${url}/n${index}`)).text()))
    gateway.child.kill('SIGINT')
    assert.equal(await gateway.exit(), 0)
    const seen = [...gateway.stdout.matchAll(/^\[GIN\] \/n(\d+)$/gm)].map(([, index]) => Number(index))
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      numbers,
    )
    assert.match(gateway.stderr, /Signal intercepted: interrupt/)
  })

  test('a gateway that cannot be built ends the process with 255 and one reason', async (t) => {
    const gateway = new Process(t, 2, { extra: { 'test/build': 'throw' } })
    assert.equal(await gateway.exit(), 255)
    assert.equal(gateway.stderr, `ERROR building the gateway: ${UNBUILT}\n`)
  })

  test('a port in use ends the process with 1 and one line', async (t) => {
    const first = new Process(t, 1)
    const port = Number(new URL(await first.listening()).port)
    const second = new Process(t, 1, { port })
    assert.equal(await second.exit(), 1)
    assert.match(
      second.stderr,
      new RegExp(`^ERROR \\[SERVICE: Gin\\] listen tcp .*:${port}: bind: address already in use.*\\n$`),
    )
  })

  test('without stdout no application log is written, and that is said; the access log stays', async (t) => {
    const port = await freePort()
    const gateway = new Process(t, 1, { port, extra: { 'telemetry/logging': { level: 'DEBUG' } } })
    while (!(await answers(`http://127.0.0.1:${port}/`)));
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exit(), 0)
    assert.equal(gateway.stdout, '[GIN] /\n')
    assert.match(gateway.stderr, /no application log is written: .*"stdout": true/)
  })

  test('a second signal ends the process at once', async (t) => {
    const gateway = new Process(t, 1)
    const url = await gateway.listening()
    const { promise: rest } = Promise.withResolvers<void>()
    async function* body() {
      yield Buffer.from('half')
      await rest
    }
    const upload = fetch(`${url}/upload`, { method: 'POST', body: ReadableStream.from(body()), duplex: 'half' })
    const cut = assert.rejects(upload)
    await gateway.shows(/upload began/)
    gateway.child.kill('SIGTERM')
    await gateway.shows(/Signal intercepted/)
    const exit = gateway.exit()
    const insist = setInterval(() => gateway.child.kill('SIGTERM'), 50)
    t.after(() => clearInterval(insist))
    assert.equal(await exit, 143)
    await cut
  })
})

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
