/** The memory of a guest. It may grow at any call of the guest, so nothing of it is kept from one call to the next. */
export class GuestMemory {
  #memory: WebAssembly.Memory | null = null
  #view: DataView | null = null
  #bytes: Buffer | null = null

  /** Must be called before the guest runs. */
  bind(memory: WebAssembly.Memory): void {
    this.#memory = memory
  }

  get view(): DataView {
    const { buffer } = this.#bound()
    if (this.#view === null || this.#view.buffer !== buffer) this.#view = new DataView(buffer)
    return this.#view
  }

  /** All of it. */
  get all(): Buffer {
    const { buffer } = this.#bound()
    if (this.#bytes === null || this.#bytes.buffer !== buffer) this.#bytes = Buffer.from(buffer)
    return this.#bytes
  }

  /** @param at a pointer of the guest, an unsigned number */
  bytes(at: number, length: number): Uint8Array {
    return this.all.subarray(at >>> 0, (at >>> 0) + length)
  }

  text(at: number, length: number): string {
    return this.all.toString('utf8', at >>> 0, (at >>> 0) + length)
  }

  #bound(): WebAssembly.Memory {
    if (this.#memory === null) throw new Error('the memory of the guest is not bound yet')
    return this.#memory
  }
}
