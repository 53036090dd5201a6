import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { formatDiagnostic, loadConfigObject } from '../../src/config/load.ts'
import { features } from '../../src/gateway/pipeline.ts'
import { type Supervisor, type SupervisorOptions, startSupervisor } from '../../src/supervisor/supervisor.ts'
import { canSharePort } from '../../src/supervisor/thread-count.ts'
import { createLogger, DEFAULT_LOGGING } from '../../src/telemetry/logging.ts'
import { type Answer, type RequestOptions, request } from './client.ts'
import { Lines } from './lines.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** A gateway of several threads below the supervisor of this process. */
export interface StartedThreads {
  readonly supervisor: Supervisor
  /** The log of the supervisor and of all threads, from DEBUG on. */
  readonly log: Lines
  /** Sends one request on a connection of its own. */
  request(target: string, options?: RequestOptions): Promise<Answer>
  /** Lets another configuration serve. */
  reload(config: JsonObject): Promise<number>
}

/** Runs a configuration in two threads, where the system lets them share a port; stopped after the test. */
export async function startThreads(
  t: TestContext,
  config: JsonObject,
  options: Partial<SupervisorOptions> = {},
): Promise<StartedThreads> {
  const log = new Lines()
  const write = (text: string): void => {
    for (const line of text.trimEnd().split('\n')) log.add(line)
  }
  const reusePort = canSharePort()
  const supervisor = await startSupervisor({
    config: await read(config),
    threads: reusePort ? 2 : 1,
    reusePort,
    entry: new URL('../../src/supervisor/thread.ts', import.meta.url),
    heapLimitMb: 256,
    logging: DEFAULT_LOGGING,
    log: createLogger(DEFAULT_LOGGING, write),
    write,
    ...options,
  })
  t.after(() => supervisor.stop())
  return {
    supervisor,
    log,
    request: (target, init) => request(supervisor.port, target, init),
    reload: async (next) => await supervisor.reload({ config: await read(next), logging: DEFAULT_LOGGING }),
  }
}

async function read(config: JsonObject) {
  const loaded = await loadConfigObject({ version: 3, ...config }, { features, overrides: { port: 0 } })
  assert.ok(loaded.config !== null, loaded.diagnostics.map(formatDiagnostic).join('\n'))
  return loaded.config
}

const ZOO = join(import.meta.dirname, '../plugins/zoo')

/** A temporary folder with one plugin of the zoo (a file's name; `.txt` at its end is taken off), gone after the test. */
export function cageWith(t: TestContext, ...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-zoo-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const file of files) copyFileSync(join(ZOO, file), join(folder, basename(file, '.txt')))
  return folder
}

/** A configuration with `/good`, which no plugin touches, and `/bad`, which has this `extra_config`. */
export function zooConfig(folder: string, upstream: string, extra: JsonObject): JsonObject & { endpoints: object[] } {
  const backend = [{ host: [upstream], url_pattern: '/' }]
  return {
    version: 3,
    listen_ip: '127.0.0.1',
    plugin: { folder, pattern: '' },
    endpoints: [
      { endpoint: '/good', backend },
      { endpoint: '/bad', timeout: '500ms', backend, extra_config: extra },
    ],
  }
}

/** The same with `/where`, which answers with the thread; `tells-thread.js` must be in the folder. */
export function zooConfigWithThreads(folder: string, upstream: string, extra: JsonObject): JsonObject {
  const config = zooConfig(folder, upstream, extra)
  const backend = [{ host: [upstream], url_pattern: '/' }]
  const where = { endpoint: '/where', backend, extra_config: modifiers('tells-thread') }
  return { ...config, endpoints: [...config.endpoints, where] }
}

/** `extra_config` that names modifiers. */
export function modifiers(...name: readonly string[]): JsonObject {
  return { 'plugin/req-resp-modifier': { name } }
}
