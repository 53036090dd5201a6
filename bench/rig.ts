import { join } from 'node:path'
import type { BenchCase } from './cases.ts'
import { findMissingHeaders, findMissingUpstreamHeaders, findWrongData } from './check-answer.ts'
import type { Cores } from './cores.ts'
import { cpuTimeNs } from './cpu-time.ts'
import type { LoadCommand, LoadReport, LoadResult } from './load-messages.ts'
import { freePort, type Started, start, waitForAnswer } from './processes.ts'
import type { ReadResponse } from './response-reader.ts'
import type { Side } from './sides.ts'

/** What a side needed in one round. */
export interface Sample {
  readonly requestsPerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** CPU time per request of the measured process, in microseconds. */
  readonly cpuUs: number
  /** CPU time divided by wall time: near 1 the side was the bottleneck, as it should be. */
  readonly busy: number
}

const START_MS = 10_000

/** Upstream and load generator, on their own cores. */
export class Rig {
  readonly upstreamPort: number
  readonly #upstream: Started
  readonly #load: Started

  private constructor(upstream: Started, upstreamPort: number, load: Started) {
    this.#upstream = upstream
    this.upstreamPort = upstreamPort
    this.#load = load
  }

  static async start(cores: Cores | null): Promise<Rig> {
    const upstreamPort = await freePort()
    const placed = { cores: cores?.others, ipc: true }
    const env = { PORT: String(upstreamPort) }
    const upstream = await start('upstream', nodeCommand('upstream.ts'), { ...placed, env })
    const load = await start('load', nodeCommand('load.ts'), placed)
    await waitForAnswer(upstream, upstreamPort, START_MS)
    return new Rig(upstream, upstreamPort, load)
  }

  /** Sends load to a side for `seconds` or until so many requests are answered. Throws when any answer is wrong. */
  async measure(side: Side, one: BenchCase, connections: number, seconds: number, requests = 1e9): Promise<Sample> {
    const wrong = findWrongData(one, await this.#prepare(side, one, connections))
    if (wrong !== null) throw new Error(`${side.name}, ${one.name}: ${wrong}`)
    const before = cpuTimeNs(side.process.pid)
    const startedAt = performance.now()
    const result = await this.#go(side, one, seconds, requests)
    const wallMs = performance.now() - startedAt
    const cpuNs = cpuTimeNs(side.process.pid) - before
    return {
      requestsPerSecond: (result.requests / result.elapsedMs) * 1000,
      p50Us: result.p50Us,
      p99Us: result.p99Us,
      cpuUs: cpuNs / 1000 / result.requests,
      busy: cpuNs / 1e6 / wallMs,
    }
  }

  /** Compares one answer, and what the upstream got for it, with what the case demands. Null when all is right. */
  async check(side: Side, one: BenchCase): Promise<{ data: string | null; headers: string | null }> {
    this.#upstream.child.send('record')
    const response = await this.#prepare(side, one, 1)
    const head = await this.#lastUpstreamHead()
    const headers = [findMissingHeaders(one, response), findMissingUpstreamHeaders(head)].filter(
      (text) => text !== null,
    )
    return { data: findWrongData(one, response), headers: headers.length === 0 ? null : headers.join('; ') }
  }

  async #lastUpstreamHead(): Promise<string> {
    const message = nextMessage(this.#upstream)
    this.#upstream.child.send('report')
    return ((await message) as { head: string }).head
  }

  async #prepare(side: Side, { path, fields = [] }: BenchCase, connections: number): Promise<ReadResponse> {
    const report = await this.#ask({ kind: 'prepare', port: side.port, path, connections, fields })
    if (report.kind === 'ready') return report
    throw new Error(`${side.name}, ${path}: ${report.kind === 'failed' ? report.reason : 'an unexpected report'}`)
  }

  async #go(side: Side, one: BenchCase, seconds: number, requests: number): Promise<LoadResult> {
    const report = await this.#ask({ kind: 'go', seconds, requests })
    if (report.kind === 'done') return report
    throw new Error(`${side.name}, ${one.name}: ${report.kind === 'failed' ? report.reason : 'an unexpected report'}`)
  }

  async #ask(command: LoadCommand): Promise<LoadReport> {
    const message = nextMessage(this.#load)
    this.#load.child.send(command)
    return (await message) as LoadReport
  }
}

function nodeCommand(file: string): string[] {
  return [process.execPath, join(import.meta.dirname, file)]
}

/** The next message of a process; rejects when it ends instead. */
function nextMessage(started: Started): Promise<unknown> {
  const { child } = started
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`${started.name} ended: ${started.output()}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}
