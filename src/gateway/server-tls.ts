import type { TlsSource } from '../server/tls.ts'
import type { Workshop } from './tools.ts'

/**
 * The certificates of the configuration, looked after from the moment the gateway serves until it closes; null for plain
 * HTTP.
 * @throws TlsFileError
 */
export async function openServerTls(workshop: Workshop): Promise<TlsSource | null> {
  const { tls, lenient } = workshop.config
  if (tls === null) return null
  const { openTls } = await import('../server/tls.ts')
  const { log, clock, cells, thread } = workshop.forService('[SERVICE: TLS]')
  const source = await openTls({ tls, lenient, log, clock, cells, announces: thread.index === 0 })
  workshop.onServe(() => source.watch())
  workshop.onClose(() => source.close())
  return source
}
