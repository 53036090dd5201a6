import { deserialize, serialize } from 'node:v8'
import type { MessagePort } from 'node:worker_threads'

/** For how long a value is kept. */
export interface KeepOptions {
  /** After how many milliseconds the value is gone. Without it, it stays until it is deleted or has to make room. */
  readonly ttlMs?: number
}

/**
 * Values by key that all threads of the process share. A value is what the structured clone algorithm takes, except for
 * what belongs to a thread or is shared itself (ports, shared buffers, key objects); every `get` gives a copy.
 */
export interface SharedStore {
  /** The value, or `undefined` when there is none. */
  get(key: string): Promise<unknown>
  /**
   * @throws TypeError for a value that cannot be copied.
   * @throws RangeError for a `ttlMs` that is no time, and a value larger than the whole store.
   */
  set(key: string, value: unknown, options?: KeepOptions): Promise<void>
  /** As `set`, unless there is a value already: of many threads that try at once, one succeeds. */
  setIfAbsent(key: string, value: unknown, options?: KeepOptions): Promise<boolean>
  /** False when there was no value. */
  delete(key: string): Promise<boolean>
  /** A part of the store with keys of its own. */
  scoped(prefix: string): SharedStore
}

/** What is asked of the owner of the values, who sees bytes alone. */
export type StoreRequest =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'delete'; readonly key: string }
  | {
      readonly type: 'set' | 'setIfAbsent'
      readonly key: string
      readonly value: Uint8Array
      /** Infinity: for ever. */
      readonly ttlMs: number
    }

/** To `get` the bytes, to the others whether something changed. */
export type StoreAnswer = Uint8Array | boolean | undefined

/** A store whose values are wherever `ask` finds them. */
export function createStore(ask: (request: StoreRequest) => Promise<StoreAnswer>, scope = ''): SharedStore {
  // The slash ends the scopes, each of which says how long it is: no key of one scope is that of another.
  const keyOf = (key: string): string => `${scope}/${key}`
  const put = async (type: 'set' | 'setIfAbsent', key: string, value: unknown, options?: KeepOptions) => {
    const ttlMs = options?.ttlMs ?? Number.POSITIVE_INFINITY
    if (!(ttlMs > 0)) throw new RangeError(`ttlMs is above 0: not ${ttlMs}`)
    return (await ask({ type, key: keyOf(key), value: toBytes(key, value), ttlMs })) === true
  }
  return {
    async get(key) {
      const bytes = await ask({ type: 'get', key: keyOf(key) })
      return bytes instanceof Uint8Array ? deserialize(bytes) : undefined
    },
    async set(key, value, options) {
      await put('set', key, value, options)
    },
    setIfAbsent: (key, value, options) => put('setIfAbsent', key, value, options),
    async delete(key) {
      return (await ask({ type: 'delete', key: keyOf(key) })) === true
    },
    scoped: (prefix) => createStore(ask, `${scope}${prefix.length}:${prefix}`),
  }
}

function toBytes(key: string, value: unknown): Uint8Array {
  try {
    return serialize(value)
  } catch (cause) {
    const type = describeType(value)
    const [why] = String(cause instanceof Error ? cause.message : cause).split('\n', 1)
    throw new TypeError(`the value of "${key}" (${type}) cannot be copied to other threads: ${why}`, { cause })
  }
}

function describeType(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  const { constructor } = value
  return typeof constructor === 'function' ? constructor.name : 'object'
}

interface PortRequest {
  readonly id: number
  readonly request: StoreRequest
}

type PortAnswer =
  | { readonly id: number; readonly answer: StoreAnswer; readonly error: null }
  | { readonly id: number; readonly answer: null; readonly error: Error }

/** Answers what a thread asks for through the other end of this port. */
export function serveStore(answer: (request: StoreRequest) => StoreAnswer, port: MessagePort): void {
  port.on('message', ({ id, request }: PortRequest) => {
    port.postMessage(answerSafely(answer, id, request))
  })
  port.unref()
}

function answerSafely(answer: (request: StoreRequest) => StoreAnswer, id: number, request: StoreRequest): PortAnswer {
  try {
    return { id, answer: answer(request), error: null }
  } catch (error) {
    return { id, answer: null, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** A thread's view of the store: asks its owner through a port whose other end is given to `serveStore`. */
export function connectStore(port: MessagePort): SharedStore {
  const waiting = new Map<number, PromiseWithResolvers<StoreAnswer>>()
  let nextId = 0
  let gone = false
  port.on('message', ({ id, answer, error }: PortAnswer) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) port.unref()
    if (error === null) asked?.resolve(answer)
    else asked?.reject(error)
  })
  port.on('close', () => {
    gone = true
    for (const asked of waiting.values()) asked.reject(ownerGone())
    waiting.clear()
  })
  port.unref()
  return createStore((request) => {
    if (gone) return Promise.reject(ownerGone())
    const id = nextId++
    const asked = Promise.withResolvers<StoreAnswer>()
    waiting.set(id, asked)
    port.ref()
    port.postMessage({ id, request } satisfies PortRequest)
    return asked.promise
  })
}

function ownerGone(): Error {
  return new Error('the shared store cannot be reached: the thread that owns it has ended or closed it')
}
