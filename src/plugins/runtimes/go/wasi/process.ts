import { randomFillSync } from 'node:crypto'
import type { Permissions } from '../../../../config/permissions.ts'
import { connectionFunctions } from './connection-functions.ts'
import { ERRNO, WasiError } from './errno.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { fileCall } from './node-errno.ts'

/** What a guest is started with. */
export interface ProcessOptions {
  readonly args: readonly string[]
  /** All variables; the guest sees those of them that are granted, and always PWD, the folder that its paths begin at. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Called when the guest ends itself. It must not return: it throws `GuestExit`, or what its caller knows. */
  readonly exit: (code: number) => never
}

/** The guest has ended itself with this code. */
export class GuestExit extends Error {
  override name = 'GuestExit'
  readonly code: number

  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}

/** Numbers of WASI's clocks. */
const CLOCK = { realTime: 0, monotonic: 1, processTime: 2, threadTime: 3 } as const

/** As a native program that a signal ends: what a shell shows then. */
const SIGNAL_EXIT = 128

/** As many random bytes as are drawn at a time. */
const RANDOM_CHUNK = 65_536

/**
 * The functions of WASI preview 1 about the guest's own process: its arguments and environment, clocks, random numbers and
 * its end; and those about connections, for descriptors that can do these things. A variable of the environment that is
 * not granted is not there. Nobody is told that the guest asks for it, for it is given the whole environment at its
 * start and asks for nothing later.
 */
export function processImports(system: GuestSystem, { args, env, exit }: ProcessOptions): Imports {
  const { memory } = system
  const environment = lines(environmentOf(env, system.permissions.env))
  const parameters = lines(args)
  return {
    args_sizes_get: fileCall((count: number, bytes: number) => writeSizes(memory, parameters, count, bytes)),
    args_get: fileCall((list: number, at: number) => writeLines(memory, parameters, list, at)),
    environ_sizes_get: fileCall((count: number, bytes: number) => writeSizes(memory, environment, count, bytes)),
    environ_get: fileCall((list: number, at: number) => writeLines(memory, environment, list, at)),
    clock_time_get: fileCall((clock: number, _precision: bigint, result: number) => {
      memory.view.setBigUint64(result, timeOf(clock), true)
    }),
    clock_res_get: fileCall((clock: number, result: number) => {
      timeOf(clock)
      memory.view.setBigUint64(result, clock === CLOCK.realTime ? 1000n : 1n, true)
    }),
    random_get: fileCall((at: number, length: number) => {
      const target = memory.bytes(at, length >>> 0)
      for (let from = 0; from < target.length; from += RANDOM_CHUNK) {
        randomFillSync(target.subarray(from, from + RANDOM_CHUNK))
      }
    }),
    sched_yield: () => ERRNO.success,
    proc_exit: (code: number) => exit(code),
    proc_raise: (signal: number) => exit(SIGNAL_EXIT + signal),
    ...connectionFunctions(system),
  }
}

/** The granted part of the environment, in the form `NAME=value`. */
function environmentOf(env: ProcessOptions['env'], granted: Permissions['env']): string[] {
  const shown: string[] = []
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !(name === 'PWD' || isGranted(name, granted))) continue
    shown.push(`${name}=${value}`)
  }
  return shown
}

function isGranted(name: string, granted: Permissions['env']): boolean {
  if (granted === null) return true
  return granted.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry))
}

/** Each with the zero byte that ends it. */
function lines(texts: readonly string[]): readonly Buffer[] {
  return texts.map((text) => Buffer.from(`${text.replaceAll('\0', '')}\0`))
}

function writeSizes(memory: GuestMemory, texts: readonly Buffer[], count: number, bytes: number): void {
  memory.view.setUint32(count, texts.length, true)
  memory.view.setUint32(
    bytes,
    texts.reduce((sum, text) => sum + text.length, 0),
    true,
  )
}

function writeLines(memory: GuestMemory, texts: readonly Buffer[], list: number, at: number): void {
  let place = at >>> 0
  for (const [index, text] of texts.entries()) {
    memory.view.setUint32(list + index * 4, place, true)
    memory.bytes(place, text.length).set(text)
    place += text.length
  }
}

/** Between the monotonic clock and the one on the wall. */
let offset = 0n

/** Node tells the time in milliseconds; what is finer comes from the monotonic clock, within the millisecond that it is. */
function wallTime(): bigint {
  const least = BigInt(Date.now()) * 1_000_000n
  const monotonic = process.hrtime.bigint()
  const time = monotonic + offset
  if (time >= least && time < least + 1_000_000n) return time
  offset = (time < least ? least : least + 999_999n) - monotonic
  return monotonic + offset
}

/** Nanoseconds. */
function timeOf(clock: number): bigint {
  switch (clock) {
    case CLOCK.realTime:
      return wallTime()
    case CLOCK.monotonic:
      return process.hrtime.bigint()
    case CLOCK.processTime:
    case CLOCK.threadTime: {
      const { user, system } = clock === CLOCK.threadTime ? process.threadCpuUsage() : process.cpuUsage()
      return BigInt(user + system) * 1000n
    }
    default:
      throw new WasiError(ERRNO.inval)
  }
}
