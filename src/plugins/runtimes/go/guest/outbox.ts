import type { FromGuestThread } from './messages.ts'

/** So many bytes of messages may be on their way to the main thread. */
const MOST_BYTES = 1024 * 1024
/** What a message takes beside its text. */
const MESSAGE_BYTES = 128
const UNDERWAY = 0
/** How long it waits before it looks by itself, in milliseconds. */
const LOOK_MS = 1000

/** For the thread of the guest: sends messages to the main thread, and waits when that falls behind, as a pipe would. */
export class Outbox {
  readonly #words: Int32Array
  readonly #post: (message: FromGuestThread) => void
  readonly #around: { readonly waits: () => void; readonly runs: () => void }

  /** @param around told when it waits, and when it goes on: nobody computes meanwhile */
  constructor(
    memory: SharedArrayBuffer,
    post: (message: FromGuestThread) => void,
    around: { readonly waits: () => void; readonly runs: () => void },
  ) {
    this.#words = new Int32Array(memory)
    this.#post = post
    this.#around = around
  }

  readonly tell = (message: FromGuestThread): void => {
    const underway = Atomics.add(this.#words, UNDERWAY, bytesOf(message))
    this.#post(message)
    if (underway > MOST_BYTES) this.#wait()
  }

  #wait(): void {
    this.#around.waits()
    for (;;) {
      const underway = Atomics.load(this.#words, UNDERWAY)
      if (underway <= MOST_BYTES) break
      Atomics.wait(this.#words, UNDERWAY, underway, LOOK_MS)
    }
    this.#around.runs()
  }
}

/** For the main thread: a message has been dealt with. */
export function taken(memory: SharedArrayBuffer, message: FromGuestThread): void {
  const words = new Int32Array(memory)
  Atomics.sub(words, UNDERWAY, bytesOf(message))
  Atomics.notify(words, UNDERWAY)
}

export function outboxMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
}

function bytesOf(message: FromGuestThread): number {
  switch (message.type) {
    case 'printed':
      return MESSAGE_BYTES + message.bytes.length
    case 'log':
      return MESSAGE_BYTES + message.text.length
    case 'denied':
      return MESSAGE_BYTES + message.what.length
    default:
      return 0
  }
}
