import { AsyncLocalStorage } from 'node:async_hooks'
import { type CodeEntry, type CodeFile, CodeTable, type Culprit } from './code-table.ts'
import { parseStack, type StackFrame } from './stack-frames.ts'

/** Plugin code that runs once, and what it has started goes on: a file being loaded, a factory. */
export interface CodeOrigin {
  /** As in `Culprit.text`. */
  readonly text: string
}

/** In the shared memory: the hook that is running synchronously. */
const CALL = 0
/** In the shared memory: the file being loaded, or the factory that has not settled. */
const BUILD = 1

/** How many numbers are shared. */
export const RUNNING_SLOTS = 2

/**
 * Which plugin code a thread runs. Every call of a hook leaves its number in memory that another thread can read when
 * this one stands still or has died; what numbers stand for is told beforehand.
 */
export class RunningCode {
  /** `slots[0]` is written around each call of a hook. */
  readonly slots: Int32Array
  readonly #tell: (entry: CodeEntry) => void
  readonly #table = new CodeTable()
  readonly #numbers = new Map<string, number>()
  readonly #origin = new AsyncLocalStorage<CodeOrigin>()
  readonly #countError = new Map<string, () => void>()

  /**
   * @param slots memory that others see
   * @param tell takes what others must know to understand it
   */
  constructor(slots: Int32Array = new Int32Array(RUNNING_SLOTS), tell: (entry: CodeEntry) => void = () => {}) {
    this.slots = slots
    this.#tell = tell
  }

  /** The number that stands for a text; the same text has the same number, so that reloads add none. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const number = this.#numbers.size + 1
    this.#numbers.set(text, number)
    this.#add({ type: 'site', number, text })
    return number
  }

  /** Makes a file known. To be called before it is loaded, and again when its plugins are known. */
  addFile(file: CodeFile): void {
    this.#add({ type: 'file', file })
  }

  /** How an error is counted that a plugin causes outside of its hooks. */
  onStrayError(plugin: string, count: () => void): void {
    this.#countError.set(plugin, count)
  }

  countStrayError(plugin: string): void {
    this.#countError.get(plugin)?.()
  }

  /** Runs a factory, or loads a file: what it starts is known as its own for as long as it lives. */
  async during<T>(origin: CodeOrigin, run: () => T | PromiseLike<T>): Promise<T> {
    this.slots[BUILD] = this.numberOf(origin.text)
    try {
      return await this.#origin.run(origin, run)
    } finally {
      this.slots[BUILD] = 0
    }
  }

  /** The factory or file that started what runs now. */
  get origin(): CodeOrigin | undefined {
    return this.#origin.getStore()
  }

  isPluginCode(file: string): boolean {
    return this.#table.isPluginCode(file)
  }

  /** Names the plugin that caused an error: by the error's stack, or else by what runs now and what started it. */
  blame(stack: string | undefined): Culprit | null {
    return this.#table.blame(parseStack(stack), this.#running() ?? this.origin?.text ?? null)
  }

  /** Names the plugin that is calling: it is the one in the stack. */
  blameCaller(): Culprit | null {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 50
    const frames: StackFrame[] = parseStack(new Error('here').stack)
    Error.stackTraceLimit = stackTraceLimit
    if (!frames.some(({ file }) => this.isPluginCode(file))) return null
    return this.#table.blame(frames, this.#running())
  }

  #running(): string | null {
    return runningSite(this.#table, this.slots)
  }

  #add(entry: CodeEntry): void {
    this.#table.add(entry)
    this.#tell(entry)
  }
}

/** What a thread runs, by its table and the numbers it has left; null when that is no plugin's code. */
export function runningSite(table: CodeTable, slots: Int32Array): string | null {
  return table.site(slots[CALL] ?? 0) ?? table.site(slots[BUILD] ?? 0)
}
