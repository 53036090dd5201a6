import type { KeyObject } from 'node:crypto'
import type { EndpointTools } from '../config/feature.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Algorithm } from './algorithms.ts'
import { insecureSource, KeyOptionsError, readLocalKeys } from './key-options.ts'
import { readSigningKey } from './key-set.ts'
import { openDocument } from './open-keys.ts'
import { createSigner, type FindSigningKey, type Signer } from './signer.ts'
import type { SignerOptions } from './signer-options.ts'
import { refuseAll } from './validator.ts'

/**
 * Makes the signer of an endpoint, once for its two stages.
 * @throws Error when the options cannot sign; the message names the place
 */
export function makeSigner(options: SignerOptions, tools: EndpointTools): Promise<Signer> {
  const { where, method } = tools.endpoint
  return tools.shared(`auth/signer ${where} ${method}`, () => open(options, tools))
}

async function open(options: SignerOptions, tools: EndpointTools): Promise<Signer> {
  const log = tools.logFor('JWTSigner')
  const { lenient } = tools.config
  try {
    const insecure = insecureSource(options, lenient)
    if (insecure !== null) throw new KeyOptionsError(insecure)
    const { alg, kid = '' } = options
    if (alg === undefined) throw new KeyOptionsError('alg is missing')
    return createSigner({
      ...{ alg, kid },
      typ: options.typ || 'JWT',
      full: options.full ?? false,
      fields: options.keys_to_sign ?? [],
      findKey: await openSigningKey(options, alg, kid, tools, log),
    })
  } catch (cause) {
    const { message } = cause as Error
    if (!lenient) throw new Error(`${tools.endpoint.where}.extra_config."auth/signer": ${message}`, { cause })
    log.error(`Unable to create the signer: ${message}. Every request is answered 401`)
    return { endpoint: refuseAll, proxy: (next) => next }
  }
}

async function openSigningKey(
  options: SignerOptions,
  alg: Algorithm,
  kid: string,
  tools: EndpointTools,
  log: Logger,
): Promise<FindSigningKey> {
  const { jwk_url: url = '', jwk_local_path: path = '' } = options
  if (path !== '') {
    const key = readSigningKey(await readLocalKeys(path, options), alg, kid)
    return () => key
  }
  const document = await openDocument(url, options, Number.POSITIVE_INFINITY, tools, log)
  let key: KeyObject | null = null
  let seen = -1
  const read = (): KeyObject | null => {
    const text = document.version() === seen ? null : document.read()
    seen = document.version()
    if (text === null) return key
    try {
      key = readSigningKey(text, alg, kid)
    } catch (error) {
      log.error(`Unable to create the signer: ${(error as Error).message}`)
    }
    return key
  }
  return () => read() ?? document.refresh().then(read)
}
