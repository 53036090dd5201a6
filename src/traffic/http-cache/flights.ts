import type { Context } from '../../pipes/context.ts'

/** A call whose answer others wait for. */
export interface Flight {
  /** The answer is stored, or will not be: whoever waits goes on. Can be called again. */
  land(): void
}

/** Calls under way whose answers may serve other requests too, by the key of the cache. */
export interface Flights {
  /** Waits for the call of that key; null when there is none. Rejects when the waiting request is over before. */
  wait(key: string, context: Context): Promise<void> | null
  /** Begins a call that others may wait for: until it lands, or its request is over. */
  begin(key: string, context: Context): Flight
}

export function createFlights(): Flights {
  const open = new Map<string, Promise<void>>()
  return {
    wait(key, context) {
      const landed = open.get(key)
      if (landed === undefined) return null
      return new Promise((resolve, reject) => {
        const waiting = { cancel: reject }
        context.attach(waiting)
        void landed.then(() => {
          context.detach(waiting)
          resolve()
        })
      })
    },
    begin(key, context) {
      const { promise, resolve } = Promise.withResolvers<void>()
      open.set(key, promise)
      const call = { cancel: () => land() }
      const land = (): void => {
        context.detach(call)
        if (open.get(key) === promise) open.delete(key)
        resolve()
      }
      context.attach(call)
      return { land }
    },
  }
}
