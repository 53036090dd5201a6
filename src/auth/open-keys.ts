import type { ServiceTools } from '../config/feature.ts'
import { cellName } from '../shared/cells.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Algorithm } from './algorithms.ts'
import type { DownloadOptions } from './download.ts'
import { createDownload } from './download.ts'
import { downloadOptions, readLocalKeys } from './key-options.ts'
import type { KeyOptions } from './key-schema.ts'
import { checkKeySet, type KeyStrategy, readKeySet } from './key-set.ts'
import { fixedKeys, type KeySource } from './key-source.ts'
import { cachedKeys, freshKeys } from './remote-keys.ts'
import { openSharedDocument, type SharedDocument } from './shared-document.ts'

/** Which keys, and how long downloaded ones count. */
export interface KeyChoice {
  readonly alg: Algorithm
  readonly strategy: KeyStrategy
  /** Keep what is downloaded. */
  readonly cache: boolean
  readonly lifetimeMs: number
  readonly cooldownMs: number
}

/**
 * Opens the keys of an endpoint: the local file, or the set of a URL. A set that is kept is downloaded once for all
 * threads, in the background when the gateway begins to serve.
 * @throws KeyOptionsError, KeySetError when the file or the options are at fault
 */
export async function openKeys(
  options: KeyOptions,
  choice: KeyChoice,
  tools: ServiceTools,
  log: Logger,
): Promise<KeySource> {
  const { alg, strategy } = choice
  const { jwk_url: url = '', jwk_local_path: path = '' } = options
  if (path !== '') {
    const keys = readKeySet(await readLocalKeys(path, options), alg, strategy)
    if (keys.size === 0) log.warning(`no key of ${path} is of the type that ${alg} needs: every token will be refused`)
    return fixedKeys(keys)
  }
  if (!choice.cache) return freshKeys(keySetDownload(await downloadOptions(url, options)), choice, reportTo(log))
  return cachedKeys(await openDocument(url, options, choice.lifetimeMs, tools, log), choice)
}

/**
 * Opens the key set of a URL that is downloaded once for all threads: in the background when the gateway begins to
 * serve, unless another thread or the generation before has one that is not older than `lifetimeMs`.
 * @throws KeyOptionsError when the options are at fault
 */
export async function openDocument(
  url: string,
  options: KeyOptions,
  lifetimeMs: number,
  tools: ServiceTools,
  log: Logger,
): Promise<SharedDocument> {
  const source = await downloadOptions(url, options)
  const name = cellName('auth/keys', '', source)
  const { cells, clock } = tools
  const document = await tools.shared(name, () =>
    openSharedDocument({ name, cells, clock, download: keySetDownload(source), onFailure: reportTo(log) }),
  )
  tools.onServe(() => {
    const age = clock.wallTime() - document.fetchedAt()
    if (document.fetchedAt() === 0 || age >= lifetimeMs) void document.refresh()
  })
  return document
}

function keySetDownload(source: DownloadOptions): () => Promise<Buffer> {
  const download = createDownload(source)
  return async () => {
    const bytes = await download()
    checkKeySet(bytes.toString('utf8'))
    return bytes
  }
}

function reportTo(log: Logger): (error: Error) => void {
  return (error) => log.error(`the key set cannot be fetched: ${error.message}`)
}
