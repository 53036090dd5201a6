import type { Gateway } from '../gateway/build.ts'
import type { Listener, Served } from '../server/listen.ts'
import type { CounterRow } from '../shared/thread-counters.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Blueprint, FromThread } from './messages.ts'

/** A gateway that a thread has built. */
export interface BuiltGateway {
  readonly generation: number
  readonly gateway: Gateway
  /** As the listener uses it: its requests are counted. */
  readonly served: Served
  readonly log: Logger
}

export interface GenerationsOptions {
  readonly first: BuiltGateway
  readonly listener: Listener
  readonly counters: CounterRow
  readonly tell: (message: FromThread) => void
  /** Builds a gateway. */
  readonly build: (blueprint: Blueprint) => Promise<BuiltGateway>
  /** Why a gateway could not be built. */
  readonly explain: (error: unknown, blueprint: Blueprint) => Promise<string>
}

/** The gateways of one thread: the one that serves, the one that may take its place, and those that still have requests. */
export interface Generations {
  /** Builds another one beside, and tells how that ended. */
  build(blueprint: Blueprint): Promise<void>
  /** Lets the one that was built beside serve. */
  swap(generation: number): void
  /** Closes the one that was built beside, at once or as soon as it is built. */
  discard(generation: number): void
  /** Closes all; the listener must have been closed before. */
  close(): Promise<void>
}

/** Keeps the gateways of a thread whose first one serves already. */
export function createGenerations({
  first,
  listener,
  counters,
  tell,
  build,
  explain,
}: GenerationsOptions): Generations {
  let current = first
  let next: BuiltGateway | null = null
  let live = 1
  /** Those under way that are still wanted. */
  const building = new Set<number>()
  const retiring = new Set<Promise<void>>()
  const count = (change: number): void => {
    live += change
    counters.setGenerations(live)
  }
  counters.setGeneration(first.generation)
  counters.setGenerations(live)

  async function close({ generation, gateway, log }: BuiltGateway): Promise<void> {
    try {
      await gateway.close()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      log.error(`[SERVICE: Supervisor] closing the gateway failed: ${text}`)
    }
    count(-1)
    tell({ type: 'closed', generation })
  }

  function retire(built: BuiltGateway, drained: Promise<void>): void {
    const retired = drained.then(() => close(built))
    retiring.add(retired)
    void retired.then(() => retiring.delete(retired))
  }

  return {
    async build(blueprint) {
      const { generation } = blueprint
      building.add(generation)
      try {
        const built = await build(blueprint)
        count(1)
        if (!building.delete(generation)) return await close(built)
        next = built
        tell({ type: 'built', generation, codeFingerprint: built.gateway.codeFingerprint ?? null })
      } catch (error) {
        building.delete(generation)
        tell({ type: 'refused', generation, reason: await explain(error, blueprint) })
      }
    },
    swap(generation) {
      if (next?.generation !== generation) return
      const before = current
      current = next
      next = null
      const { drained } = listener.swap(current.served, current.log)
      counters.setGeneration(generation)
      tell({ type: 'swapped', generation })
      retire(before, drained)
    },
    discard(generation) {
      building.delete(generation)
      if (next?.generation !== generation) return
      const built = next
      next = null
      retire(built, Promise.resolve())
    },
    async close() {
      if (next !== null) retire(next, Promise.resolve())
      next = null
      retire(current, Promise.resolve())
      await Promise.all(retiring)
    },
  }
}
