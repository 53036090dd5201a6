import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Lines } from '../../../../test/support/lines.ts'
import { permissionsOf } from '../../../config/permissions-options.ts'
import { createLogger, DEFAULT_LOGGING } from '../../../telemetry/logging.ts'
import { createGuestOwner, type GuestOwnerOptions } from './guest-owner.ts'
import type { GuestProcess } from './guest-process.ts'
import type { GuestEnd, GuestEvents, GuestSpec } from './guests.ts'

const REPORT = { client: {}, handler: {}, modifier: {}, middleware: {} }
const EMPTY_MODULE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** An instance that does what the test says. */
class FakeProcess implements GuestProcess {
  readonly startedAt = performance.now()
  readonly #ready = Promise.withResolvers<typeof REPORT>()
  readonly #ended = Promise.withResolvers<string>()
  readonly ready = this.#ready.promise
  readonly ended = this.#ended.promise
  readonly looks: number[] = []
  stuckMs = 0
  shutDown = false

  constructor() {
    this.ready.catch(() => {})
  }

  register(): void {
    this.#ready.resolve(REPORT)
  }

  end(reason: string): void {
    this.#ready.reject(new Error(reason))
    this.#ended.resolve(reason)
  }

  connect(connection: number) {
    return { connection, toGuest: new SharedArrayBuffer(0), toHost: new SharedArrayBuffer(0) }
  }

  disconnect(): void {}

  look(elapsedMs: number): number {
    this.looks.push(elapsedMs)
    return this.stuckMs
  }

  terminate(reason: string): void {
    this.end(reason)
  }

  async shutdown(): Promise<void> {
    this.shutDown = true
    this.end('it was ended')
  }
}

/** The instance of a guest that is opened, when its plugins are registered. */
async function served(launch: () => Promise<FakeProcess>, open: () => Promise<unknown>): Promise<FakeProcess> {
  const first = launch()
  const opening = open()
  const process = await first
  process.register()
  await opening
  return process
}

function start(t: TestContext, options: Partial<GuestOwnerOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-owner-'))
  const file = join(folder, 'prices.wasm')
  writeFileSync(file, Uint8Array.from(EMPTY_MODULE))
  const log = new Lines()
  const processes: FakeProcess[] = []
  const launched: ((process: FakeProcess) => void)[] = []
  const owner = createGuestOwner({
    log: createLogger(DEFAULT_LOGGING, (line) => log.add(line)),
    print: () => {},
    launch: () => {
      const process = new FakeProcess()
      processes.push(process)
      launched.shift()?.(process)
      return process
    },
    ...options,
  })
  t.after(async () => {
    await owner.close()
    rmSync(folder, { recursive: true })
  })
  const spec = (generation = 1): GuestSpec => ({
    ...{ generation, file, hash: 'a', transport: null },
    permissions: permissionsOf(null),
  })
  const launch = () => new Promise<FakeProcess>((resolve) => launched.push(resolve))
  return { owner, spec, log, processes, launch }
}

/** What a connection was told. */
function told() {
  const ups: number[] = []
  const downs: GuestEnd[] = []
  const events: GuestEvents = { up: ({ connection }) => void ups.push(connection), down: (end) => void downs.push(end) }
  return { events, ups, downs }
}

describe('a guest that ends', () => {
  test('is replaced at once the first time, after a pause that grows then', async (t) => {
    const { owner, spec, log, launch } = start(t)
    const { events, ups, downs } = told()
    const first = launch()
    const opening = owner.open(spec(), events)
    let process = await first
    process.register()
    const { before } = await opening
    assert.deepEqual(before, { reason: '', pauseMs: 0, restarts: 0 })
    for (const pauseMs of [0, 100, 200]) {
      const next = launch()
      process.end('it trapped')
      process = await next
      assert.equal(downs.at(-1)?.pauseMs, pauseMs)
      process.register()
      await log.findAll(/another instance serves/, downs.length)
    }
    assert.deepEqual(
      downs.map(({ restarts }) => restarts),
      [1, 2, 3],
    )
    assert.deepEqual(ups, [1, 1, 1])
    assert.match(
      log.all.join('\n'),
      /ERROR: \[PLUGIN: prices\.wasm\] it trapped; another instance is started after 200 ms/,
    )
  })

  test('has one instance for all connections, which all are told', async (t) => {
    const { owner, spec, processes, launch } = start(t)
    const [one, other] = [told(), told()]
    const first = launch()
    const opening = Promise.all([owner.open(spec(), one.events), owner.open(spec(), other.events)])
    const process = await first
    process.register()
    await opening
    const next = launch()
    process.end('it trapped')
    await next
    assert.equal(processes.length, 2)
    assert.equal(one.downs.length, 1)
    assert.equal(other.downs.length, 1)
  })

  test('can be connected to while it is down, and counts over generations', async (t) => {
    const { owner, spec, launch } = start(t)
    const process = await served(launch, () => owner.open(spec(), told().events))
    const second = launch()
    process.end('it trapped')
    const late = told()
    const next = await second
    const connection = await owner.open(spec(), late.events)
    assert.equal(connection.memory, null)
    assert.deepEqual(connection.before, { reason: 'it trapped', pauseMs: 0, restarts: 1 })
    next.register()
    while (late.ups.length === 0) await turn()
    const third = launch()
    const reopening = owner.open(spec(2), told().events)
    ;(await third).register()
    assert.equal((await reopening).before.restarts, 1)
  })

  test('does not come again once its generation is released', async (t) => {
    const { owner, spec, processes, launch } = start(t)
    const { events, downs } = told()
    const process = await served(launch, () => owner.open(spec(), events))
    owner.release(1)
    await process.ended
    await owner.close()
    assert.equal(process.shutDown, true)
    assert.deepEqual([processes.length, downs.length], [1, 0])
  })
})

describe('a guest that does not start', () => {
  test('is told with its reason, and not started again', async (t) => {
    const { owner, spec, processes, launch } = start(t)
    const first = launch()
    const opening = owner.open(spec(), told().events)
    ;(await first).end('it ended with exit code 2 (panic: no)')
    await assert.rejects(opening, { name: 'GuestFailed', message: 'it ended with exit code 2 (panic: no)' })
    await assert.rejects(owner.open(spec(), told().events), /panic: no/)
    assert.equal(processes.length, 1)
  })

  test('is ended when it takes too long', async (t) => {
    const { owner, spec } = start(t, { startMs: 5 })
    await assert.rejects(owner.open(spec(), told().events), /its plugins were not registered after 5 ms/)
  })
})

describe('a guest that computes for too long', () => {
  test('is ended, with its time limit as the reason', async (t) => {
    const { owner, spec, launch } = start(t)
    const { events, downs } = told()
    const process = await served(launch, () => owner.open(spec(), events))
    const next = launch()
    process.stuckMs = 2001
    await next
    assert.equal(downs[0]?.reason, 'it computed for more than 2000 ms without a pause')
  })

  test('is not charged with time in which this thread stood still', async (t) => {
    const { owner, spec, launch } = start(t)
    const process = await served(launch, () => owner.open(spec(), told().events))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
    while (process.looks.length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.ok(
      process.looks.every((elapsedMs) => elapsedMs <= 200),
      String(process.looks),
    )
  })
})
