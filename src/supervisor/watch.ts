import { type FSWatcher, watch } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../telemetry/logger.ts'
import { describeChanges, readSources, type SourceState, type Sources } from './source-files.ts'

export interface WatchOptions {
  readonly sources: Sources
  /** Runs when what the sources hold has changed, with `PATH changed`, `PATH added` or `PATH removed` of each. */
  readonly onChange: (changes: readonly string[]) => void
  readonly log: Logger
  /** How long it must be quiet after a change before the files are read; 100 ms by default. */
  readonly quietMs?: number
  /** How often the files are looked at without being told of a change; 3 s by default. */
  readonly pollMs?: number
}

/** Looks after files. */
export interface Watch {
  /** Looks after these from now on; of those that are new, what they hold at this moment counts as known. */
  replace(sources: Sources): Promise<void>
  close(): void
}

const QUIET_MS = 100
const POLL_MS = 3000
/** While changes never pause for that long: after how many times as much the files are read all the same. */
const MOST_PAUSES = 20

/**
 * Starts to look after files; resolves when what they hold at first is known. Folders are watched rather than files, for
 * editors and mounts replace them; what counts is the content. Where the system tells of no changes (network file
 * systems), looking again and again finds them.
 */
export async function watchSources(options: WatchOptions): Promise<Watch> {
  const watch = new SourceWatch(options)
  await watch.replace(options.sources)
  return watch
}

class SourceWatch implements Watch {
  readonly #options: WatchOptions
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #poll: NodeJS.Timeout
  #sources: Sources
  #state: SourceState = { files: new Map(), folders: new Map() }
  #quiet: NodeJS.Timeout | null = null
  #waitingSince = 0
  #last: Promise<void> = Promise.resolve()
  #started = false
  #saidBlind = false
  #closed = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#sources = options.sources
    this.#poll = setInterval(() => void this.#inTurn(() => this.#lookUnasked()), options.pollMs ?? POLL_MS)
  }

  replace(sources: Sources): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#started && isDeepStrictEqual(sources, this.#sources)) return
      this.#started = true
      this.#sources = sources
      const known = this.#state.files
      const { files, folders } = await readSources(sources, this.#state)
      this.#take({ files: new Map(Array.from(files, ([path, file]) => [path, known.get(path) ?? file])), folders })
    })
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    clearTimeout(this.#quiet ?? undefined)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** One after the other: each compares with what the one before has read. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work)
    return this.#last
  }

  #touch(): void {
    if (this.#closed) return
    const { quietMs = QUIET_MS } = this.#options
    const now = performance.now()
    if (this.#quiet === null) this.#waitingSince = now
    else if (now - this.#waitingSince > quietMs * MOST_PAUSES) return
    clearTimeout(this.#quiet ?? undefined)
    this.#quiet = setTimeout(() => this.#look(), quietMs)
  }

  #look(): void {
    clearTimeout(this.#quiet ?? undefined)
    this.#quiet = null
    void this.#inTurn(async () => {
      const before = this.#state
      this.#take(await readSources(this.#sources, before))
      const changes = describeChanges(before, this.#state)
      if (changes.length > 0 && !this.#closed) this.#options.onChange(changes)
    })
  }

  /** For what the system does not tell of: a change found so may still be going on, so it waits for quiet as others do. */
  async #lookUnasked(): Promise<void> {
    if (this.#quiet !== null || this.#closed) return
    const state = await readSources(this.#sources, this.#state)
    if (describeChanges(this.#state, state).length > 0) this.#touch()
    else this.#take(state)
  }

  #take(state: SourceState): void {
    this.#state = state
    this.#watchFolders()
  }

  /** By path and inode: a folder that was replaced is watched anew. */
  #watchFolders(): void {
    if (this.#closed) return
    const wanted = new Map(Array.from(this.#state.folders, ([path, inode]) => [`${inode} ${path}`, path]))
    for (const [key, watcher] of this.#watchers) {
      if (wanted.has(key)) continue
      watcher.close()
      this.#watchers.delete(key)
    }
    for (const [key, path] of wanted) if (!this.#watchers.has(key)) this.#watchFolder(key, path)
  }

  #watchFolder(key: string, path: string): void {
    try {
      const watcher = watch(path, () => this.#touch())
      watcher.on('error', () => {}) // the folder is gone: looking again finds out
      this.#watchers.set(key, watcher)
    } catch (error) {
      if (this.#saidBlind || (error as NodeJS.ErrnoException).code === 'ENOENT') return
      this.#saidBlind = true
      const { message } = error as Error
      this.#options.log.warning(
        `[SERVICE: Supervisor] the system does not tell of changes, so files are looked at now and then: ${message}`,
      )
    }
  }
}
