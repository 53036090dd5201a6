import type { PluginSection } from '../../config/model.ts'
import { Readiness } from '../../shared/readiness.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { Closers } from '../closers.ts'
import type { Runtime } from '../runtime.ts'
import { createGoRuntime } from '../runtimes/go/go-runtime.ts'
import { createGuestOwner } from '../runtimes/go/guest-owner.ts'
import { MODULE_RUNTIMES } from './units.ts'

export interface RuntimeOptions {
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  readonly log: Logger
  /** Takes what plugins in WebAssembly print. */
  readonly print: (text: string) => void
}

/** Gives every runtime to a function that looks at plugins without a gateway; what they started ends with it. */
export async function withRuntimes<T>(
  { section, log, print }: RuntimeOptions,
  look: (runtimes: readonly Runtime[]) => Promise<T>,
): Promise<T> {
  const owner = createGuestOwner({ log, print: (_stream, text) => print(text) })
  const closers = new Closers()
  const onClose = (close: () => void) => void closers.add(close, log)
  try {
    return await look([
      ...MODULE_RUNTIMES,
      createGoRuntime({
        guests: owner,
        generation: 1,
        section,
        upstream: null,
        readiness: new Readiness(),
        log,
        onClose,
      }),
    ])
  } finally {
    await closers.close()
    await owner.close()
  }
}
