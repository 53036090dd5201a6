import { CellRegistry, type Cells } from './cells.ts'
import { RunningCode } from './running-code.ts'

/** Where a gateway stands in its process. */
export interface Surroundings {
  /** Memory that the gateways of all threads share; of what a reload leaves unchanged the next generation finds the same. */
  readonly cells: Cells
  /** Which configuration this is: 1 for the one of the start. */
  readonly generation: number
  readonly thread: ThreadPlace
  /** Where it is noted which plugin the thread runs. */
  readonly running: RunningCode
}

/** Which of the gateway threads this is. */
export interface ThreadPlace {
  /** From 0; a successor has its predecessor's. */
  readonly index: number
  readonly threads: number
  /**
   * A row of its own in tables of shared memory that each thread writes without locks: its own even while a
   * predecessor of the same place still lives. Later threads find what it has written there.
   */
  readonly row: number
  /** How many rows such tables have. */
  readonly rows: number
}

/**
 * A gateway that shares nothing with others.
 * @param place which of the gateway threads it stands for
 */
export function alone(
  { index, threads }: Pick<ThreadPlace, 'index' | 'threads'> = { index: 0, threads: 1 },
): Surroundings {
  const thread = { index, threads, row: 0, rows: 1 }
  return { cells: new CellRegistry(), generation: 1, thread, running: new RunningCode() }
}
