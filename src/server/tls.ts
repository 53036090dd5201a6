import { randomInt } from 'node:crypto'
import type { ServerTls } from '../config/model.ts'
import type { Clock } from '../pipes/clock.ts'
import type { Cells } from '../shared/cells.ts'
import { fingerprintOf, readFiles, type TlsFileError, tlsFiles } from '../shared/tls-files.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

/** HTTPS as a listener needs it. */
export interface TlsSource {
  /** Those of this moment. */
  readonly certificates: Certificates
  readonly requiresClientCertificate: boolean
  /** Tells the one listener that there are new certificates. */
  onChange(tell: (certificates: Certificates) => void): void
}

export interface TlsSourceOptions {
  readonly tls: ServerTls
  readonly log: Logger
  readonly clock: Clock
  readonly cells: Cells
  /** Whether this thread tells what becomes of the files: all threads look at them. */
  readonly announces: boolean
  /** Files of authorities that cannot be used are left out. */
  readonly lenient: boolean
}

/** A source that looks after its files. */
export interface WatchedTls extends TlsSource {
  /** Looks at the files again and again from now on. */
  watch(): void
  close(): void
}

/** How often the files are looked at, in milliseconds. */
const LOOK_MS = 3000

/**
 * Reads the certificates of a server.
 * @throws TlsFileError when a file cannot be used
 */
export async function openTls(options: TlsSourceOptions): Promise<WatchedTls> {
  const { tls, log, announces, lenient } = options
  const paths = tlsFiles(tls, tls.keys)
  const secret = await sharedSecret(options.cells)
  const skipped = lenient ? (error: TlsFileError) => log.error(`${error.message}: left out`) : null
  const make = async () => makeCertificates(tls, await readFiles(paths), secret, skipped)
  const warn = ({ warnings }: Certificates) => {
    for (const warning of announces ? warnings : []) log.warning(warning)
  }
  let certificates = await make()
  warn(certificates)
  let tellListener: (certificates: Certificates) => void = () => {}
  let stopTimer: (() => void) | null = null

  /** What could not be used when the files were looked at last. */
  let suspect = ''
  let told = ''
  const look = async (): Promise<void> => {
    const fingerprint = fingerprintOf(paths, await readFiles(paths))
    if (fingerprint === certificates.fingerprint || fingerprint === told) return
    try {
      certificates = await make()
      suspect = ''
      told = ''
      tellListener(certificates)
      if (announces) log.info(`new certificates: ${tls.keys.map((key) => key.certificate).join(', ')}`)
      warn(certificates)
    } catch (error) {
      // A pair is replaced file by file: what does not fit together yet has until the next look.
      if (suspect === fingerprint) {
        told = fingerprint
        if (announces) log.error(`the certificates stay as they are: ${(error as Error).message}`)
      }
      suspect = fingerprint
    }
  }
  /** One after the other: each compares with what the one before has found. */
  let last: Promise<void> = Promise.resolve()
  let waiting = false
  const lookOnAndOn = (): void => {
    stopTimer = options.clock.schedule(() => {
      lookOnAndOn()
      if (waiting) return // the file system does not answer
      waiting = true
      last = last.then(() => {
        waiting = false
        return look()
      })
    }, LOOK_MS)
  }

  return {
    get certificates() {
      return certificates
    },
    requiresClientCertificate: tls.requiresClientCertificate,
    onChange: (tell) => {
      tellListener = tell
    },
    watch: lookOnAndOn,
    close: () => stopTimer?.(),
  }
}

const SECRET_WORDS = 12

/** Random bytes that all threads have in common, for as long as the process lives or no gateway has HTTPS. */
async function sharedSecret(cells: Cells): Promise<Uint8Array> {
  const memory = await cells.open('tls|tickets', SECRET_WORDS * Int32Array.BYTES_PER_ELEMENT)
  const words = new Int32Array(memory)
  // Whoever comes first to a word decides it.
  for (let i = 0; i < SECRET_WORDS; i++) Atomics.compareExchange(words, i, 0, randomInt(1, 2 ** 32) | 0)
  return new Uint8Array(memory).slice()
}
