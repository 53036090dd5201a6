import { BodyStream } from '../pipes/body.ts'
import { HttpResponse } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Exchange } from './exchange.ts'

/** An answer on its way, over either protocol. */
export interface Outgoing {
  readonly headersSent: boolean
  destroy(): unknown
}

/** Writes what the gateway answered; what HTTP cannot carry becomes a 500. */
export function answer<Out extends Outgoing>(
  response: HttpResponse,
  outgoing: Out,
  write: (response: HttpResponse, outgoing: Out, exchange: Exchange) => void,
  exchange: Exchange,
): void {
  try {
    exchange.status = response.status
    if (response.status < 200) throw new RangeError(`${response.status} is not the status of a final answer`)
    write(response, outgoing, exchange)
  } catch (error) {
    if (outgoing.headersSent) throw error
    exchange.status = 500
    exchange.unsendable(error as Error)
    if (response.body instanceof BodyStream) response.body.cancel(error as Error)
    write(new HttpResponse(500), outgoing, exchange)
  }
}

/** A defect of the gateway: told in the log, and the client sees its connection break off. */
export function breakOff(error: unknown, outgoing: Outgoing, exchange: Exchange, log: Logger): void {
  log.critical(`[SERVICE: Gin] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  outgoing.destroy()
  exchange.finish()
}
