import { type Clock, SYSTEM_CLOCK } from '../../pipes/clock.ts'
import type { Cells } from '../../shared/cells.ts'
import { openCounterTable } from '../../shared/counter-table.ts'
import type { SharedStore } from '../../shared/shared-store.ts'
import type { SharedStores } from './store.ts'

export interface OpenStoresOptions {
  /** The memory that holds the counters. */
  readonly cells: Cells
  readonly values: SharedStore
  /** What ends the time of counters. */
  readonly clock: Clock
}

/** The cell of the counters of all plugins. */
const COUNTERS = 'plugins|counters'

/** Opens what plugins share, once, when it is first asked for. */
export function openStores({ cells, values, clock }: OpenStoresOptions): () => Promise<SharedStores> {
  // The machine's clock must be one that is the same in all threads.
  const time = clock === SYSTEM_CLOCK ? {} : { now: () => clock.now() }
  let opened: Promise<SharedStores> | null = null
  return () => {
    opened ??= openCounterTable(cells, COUNTERS, time).then((counters) => ({ counters, values }))
    return opened
  }
}
