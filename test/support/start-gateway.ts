import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Diagnostic, formatDiagnostic, loadConfigObject } from '../../src/config/load.ts'
import { buildGateway, type Gateway } from '../../src/gateway/build.ts'
import { features } from '../../src/gateway/pipeline.ts'
import type { Clock } from '../../src/pipes/clock.ts'
import type { Guests } from '../../src/plugins/runtimes/go/guests.ts'
import type { Plugin } from '../../src/sdk/define-plugin.ts'
import { type Listener, listen } from '../../src/server/listen.ts'
import type { Cells } from '../../src/shared/cells.ts'
import { createLogger, DEFAULT_LOGGING } from '../../src/telemetry/logging.ts'
import { type Answer, connectRaw, type RawConnection, type RequestOptions, request } from './client.ts'
import { Lines } from './lines.ts'

export interface StartOptions {
  readonly lenient?: boolean
  /** Variables for `KRAKEND_…` settings. */
  readonly env?: Readonly<Record<string, string>>
  /** Plugins that the configuration may name without a folder. */
  readonly plugins?: readonly Plugin[]
  /** In place of the machine's. */
  readonly clock?: Clock
  /** Shared with other gateways. */
  readonly cells?: Cells
  /** In which Go plugins run; by default the gateway has its own. */
  readonly guests?: Guests
}

/** A gateway that listens on a free port of the loopback. */
export interface StartedGateway {
  readonly port: number
  readonly gateway: Gateway
  readonly listener: Listener
  /** What reading the configuration had to say. */
  readonly diagnostics: readonly Diagnostic[]
  /** The application log, from DEBUG on. */
  readonly log: Lines
  readonly accessLog: Lines
  /** Sends one request. */
  request(target: string, options?: RequestOptions): Promise<Answer>
  /** Opens a bare connection. */
  connect(): RawConnection
}

/**
 * Runs a configuration (its `version` and port are filled in) in this process, on real sockets; closed after the test.
 * The test fails when the configuration is refused.
 */
export async function startGateway(
  t: TestContext,
  config: Readonly<Record<string, unknown>>,
  options: StartOptions = {},
): Promise<StartedGateway> {
  const loaded = await loadConfigObject({ version: 3, ...config }, { features, ...options })
  const { diagnostics } = loaded
  assert.ok(loaded.config !== null, diagnostics.map(formatDiagnostic).join('\n'))
  const log = new Lines()
  const accessLog = new Lines()
  const logger = createLogger(DEFAULT_LOGGING, (line) => log.add(line))
  const gateway = await buildGateway(loaded.config, {
    log: logger,
    accessLog: (line) => accessLog.add(line),
    plugins: options.plugins ?? [],
    ...(options.clock !== undefined && { clock: options.clock }),
    ...(options.cells !== undefined && { cells: options.cells }),
    ...(options.guests !== undefined && { guests: options.guests }),
  })
  const listener = await listen(gateway, { port: 0, host: '127.0.0.1', reusePort: false }, logger)
  t.after(() => {
    listener.destroy()
    return gateway.close()
  })
  const { port } = listener
  return {
    ...{ port, gateway, listener, diagnostics, log, accessLog },
    request: (target, options) => request(port, target, options),
    connect: () => connectRaw(t, port),
  }
}
