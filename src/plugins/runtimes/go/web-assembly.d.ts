/** What this runtime uses of the WebAssembly interface, with the parts for suspending (JavaScript Promise Integration). */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer
  }
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  class RuntimeError extends Error {}
  /** A function that may return a promise: the guest that called it is suspended until that settles. */
  class Suspending {
    constructor(run: (...parameters: never[]) => unknown)
  }
  /** A call that returns a promise, for the guest may be suspended in it. */
  function promising(run: unknown): () => Promise<void>
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports: Readonly<Record<string, object>>): Promise<Instance>
}
