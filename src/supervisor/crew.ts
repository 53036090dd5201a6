import type { Address } from '../server/listen.ts'
import { RestartPause } from '../shared/restart-pause.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { GatewayWorker } from './gateway-worker.ts'
import { within } from './within.ts'

export interface CrewOptions {
  readonly threads: number
  /** Starts a thread with the configuration that counts now. */
  readonly launch: (place: {
    readonly index: number
    readonly row: number
    readonly announces: boolean
  }) => GatewayWorker
  /** Runs when a thread is gone, before its row is given to another. */
  readonly onGone: (worker: GatewayWorker) => void
  readonly log: Logger
}

/** A place among the threads. */
export interface Seat {
  readonly index: number
  /** The thread that serves there, or is to serve, or has just died. */
  readonly worker: GatewayWorker
  /** Whether that thread serves. */
  readonly serves: boolean
  /** Its predecessor, which accepts no more and still answers its last requests; null when there is none. */
  readonly leaving: GatewayWorker | null
}

interface OwnSeat extends Seat {
  worker: GatewayWorker
  serves: boolean
  leaving: GatewayWorker | null
  readonly pause: RestartPause
  /** Runs until the thread is replaced; null when it need not be. */
  timer: NodeJS.Timeout | null
}

const TAG = '[SERVICE: Supervisor]'

/** The gateway threads: one on each seat. One that dies is replaced; one that is worn out gets a successor. */
export class Crew {
  readonly #options: CrewOptions
  readonly #seats: OwnSeat[] = []
  readonly #living = new Set<GatewayWorker>()
  #address: Address = { port: 0, host: '', reusePort: false }
  /** Seats whose threads died while nobody may be replaced; null when that is allowed. */
  #frozen: Set<OwnSeat> | null = null
  #stopping = false

  constructor(options: CrewOptions) {
    this.#options = options
  }

  get seats(): readonly Seat[] {
    return this.#seats
  }

  /** All threads that live, those that leave among them. */
  get living(): ReadonlySet<GatewayWorker> {
    return this.#living
  }

  /**
   * Starts a thread on each seat and lets them listen when all are built; rejects with WorkerEnded, or with what
   * `findAddress` rejects with, and no thread is left then.
   */
  async start(findAddress: () => Promise<Address>): Promise<void> {
    const workers = Array.from({ length: this.#options.threads }, (_, index) => this.#launch(index, index === 0))
    try {
      await Promise.all(workers.map(({ built }) => built))
      this.#address = await findAddress()
      for (const worker of workers) worker.listen(this.#address)
      await Promise.all(workers.map(({ ready }) => ready))
    } catch (error) {
      await this.terminate()
      throw error
    }
    for (const [index, worker] of workers.entries()) {
      const seat = { index, worker, serves: true, leaving: null, pause: new RestartPause(), timer: null }
      this.#seats.push(seat)
      this.#watch(seat, worker)
    }
  }

  /**
   * From now on no thread is replaced until `thaw`. Resolves when those that are starting serve or have ended; those
   * that take longer than the limit are ended.
   */
  async freeze(limitMs: number): Promise<void> {
    this.#frozen = new Set()
    const starting = this.#seats.filter(({ serves, worker }) => !serves && this.#living.has(worker))
    await Promise.all(
      starting.map(({ worker }) =>
        within(Promise.race([worker.ready.catch(() => {}), worker.ended]), limitMs).catch(() =>
          worker.terminate(`it did not serve within ${limitMs} ms`),
        ),
      ),
    )
  }

  /**
   * Replaces what died meanwhile.
   * @param anew also seats that wait for the end of their pause: another configuration may mend what they died of
   */
  thaw(anew: boolean): void {
    const frozen = this.#frozen ?? []
    this.#frozen = null
    for (const seat of frozen) this.#replace(seat)
    if (anew) for (const seat of this.#seats) if (seat.timer !== null) this.#replace(seat)
  }

  /**
   * Gives a seat to a new thread, which serves before the old one stops accepting. Resolves to the number of
   * connections that were lost by that (null: not known); the old one goes on until its last request is answered.
   * Rejects with WorkerEnded or TookTooLong when the new one cannot serve; the old one stays then.
   */
  async succeed(index: number, limitMs: number): Promise<number | null> {
    const seat = this.#seats[index]
    if (seat === undefined || seat.leaving !== null || !seat.serves) throw new RangeError(`seat ${index} is not served`)
    const before = seat.worker
    const successor = this.#launch(index, false)
    try {
      await within(successor.built, limitMs)
      successor.listen(this.#address)
      await within(successor.ready, limitMs)
    } catch (error) {
      successor.terminate()
      throw error
    }
    if (seat.worker !== before || !this.#living.has(before)) {
      successor.stop() // it died meanwhile: it is replaced already, or will be
      return null
    }
    seat.worker = successor
    seat.leaving = before
    this.#watch(seat, successor)
    before.stop(true)
    return await before.draining
  }

  /** Lets all threads finish their requests; resolves when none is left. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { timer } of this.#seats) clearTimeout(timer ?? undefined)
    for (const worker of this.#living) worker.stop()
    await this.#gone()
  }

  /** Lets the health endpoints of all threads tell that they will stop. */
  leave(): void {
    for (const worker of this.#living) worker.leave()
  }

  /** Ends all threads at once; resolves when none is left. */
  async terminate(): Promise<void> {
    this.#stopping = true
    for (const worker of this.#living) worker.terminate()
    await this.#gone()
  }

  async #gone(): Promise<void> {
    while (this.#living.size > 0) await Promise.all([...this.#living].map(({ ended }) => ended))
  }

  #launch(index: number, announces: boolean): GatewayWorker {
    const taken = new Set([...this.#living].map(({ data }) => data.row))
    const row = taken.has(2 * index) ? 2 * index + 1 : 2 * index
    const worker = this.#options.launch({ index, row, announces })
    this.#living.add(worker)
    void worker.ended.then(() => {
      this.#living.delete(worker)
      this.#options.onGone(worker)
    })
    return worker
  }

  #watch(seat: OwnSeat, worker: GatewayWorker): void {
    void worker.ended.then(({ orderly, reason }) => {
      const { log } = this.#options
      if (seat.leaving === worker) {
        seat.leaving = null
        if (!orderly && !this.#stopping)
          log.error(`${TAG} gateway thread ${seat.index} ended while it drained: ${reason}`)
      }
      if (this.#stopping || seat.worker !== worker) return
      seat.serves = false
      const pauseMs = seat.pause.after(performance.now() - worker.startedAt)
      const when = pauseMs === 0 ? 'now' : `in ${pauseMs} ms`
      log.error(`${TAG} gateway thread ${seat.index} ended: ${reason}; it is replaced ${when}`)
      seat.timer = setTimeout(() => this.#replace(seat), pauseMs)
    })
  }

  #replace(seat: OwnSeat): void {
    if (this.#stopping) return
    if (seat.timer !== null) clearTimeout(seat.timer)
    seat.timer = null
    if (this.#frozen !== null) {
      this.#frozen.add(seat)
      return
    }
    const worker = this.#launch(seat.index, false)
    seat.worker = worker
    this.#watch(seat, worker)
    this.#serve(seat, worker).catch(() => {
      // `#watch` sees the end too, logs it and tries again.
    })
  }

  async #serve(seat: OwnSeat, worker: GatewayWorker): Promise<void> {
    await worker.built
    worker.listen(this.#address)
    await worker.ready
    seat.serves = true
    this.#options.log.info(`${TAG} gateway thread ${seat.index} serves again`)
  }
}
