import type { KeyObject } from 'node:crypto'
import { ClientGone, Failure } from '../pipes/failure.ts'
import { HttpResponse, type HttpStage } from '../pipes/http.ts'
import { type DataObject, isDataObject, type ProxyStage } from '../pipes/proxy.ts'
import { type Algorithm, signatureAlgorithm } from './algorithms.ts'
import { canonicalJson } from './canonical-json.ts'

/** Where the key to sign with comes from; null while it cannot be had. */
export type FindSigningKey = () => KeyObject | null | Promise<KeyObject | null>

/** The two stages of one endpoint. */
export interface Signer {
  /** Refuses requests while there is no key. */
  readonly endpoint: HttpStage
  /** Signs what the backends gave. */
  readonly proxy: ProxyStage
}

export interface SignerParts {
  readonly alg: Algorithm
  readonly kid: string
  readonly typ: string
  readonly full: boolean
  readonly fields: readonly string[]
  readonly findKey: FindSigningKey
}

/** An answer that cannot be signed, for there is none, or not the whole. The reference takes that for the client's fault. */
class NothingToSign extends Failure {
  override name = 'NothingToSign'
  override readonly status = 400
}

/** Makes tokens of fields of the response. Specification: traffic-security 10. */
export function createSigner(parts: SignerParts): Signer {
  const { fields, findKey } = parts
  const sign = compileSigning(parts)
  const proxy: ProxyStage = (next) => async (request, context) => {
    const response = await next(request, context).catch((cause: unknown) => {
      if (cause instanceof ClientGone) throw cause
      throw new NothingToSign(messageOf(cause), { cause })
    })
    if (response.answer !== null) return response
    const { data, failures } = response
    if (failures !== null) throw new NothingToSign(failures.map(messageOf).join('; '))
    const key = await findKey()
    if (data === null || key === null || Object.keys(data).length === 0) throw new NothingToSign('nothing to sign')
    response.data = signFields(data, fields, (value) => sign(value, key))
    return response
  }
  const endpoint: HttpStage = (next) => async (request, context) => {
    if ((await findKey()) === null) {
      context.report(new Error('Unable to create the signer: the key is not available'))
      return new HttpResponse(401)
    }
    const response = await next(request, context)
    response.headers.delete('x-krakend-completed') // as in the reference
    return response
  }
  return { endpoint, proxy }
}

function signFields(data: DataObject, fields: readonly string[], sign: (value: DataObject) => string): DataObject {
  const signed = { ...data }
  for (const field of fields) {
    const value = Object.hasOwn(data, field) ? data[field] : undefined
    if (value !== undefined && isDataObject(value)) signed[field] = sign(value)
  }
  return signed
}

function compileSigning({ alg, kid, typ, full }: SignerParts): (payload: DataObject, key: KeyObject) => string {
  const algorithm = signatureAlgorithm(alg)
  const header = Buffer.from(canonicalJson({ alg, kid, typ })).toString('base64url')
  return (data, key) => {
    const payload = Buffer.from(canonicalJson(data)).toString('base64url')
    const signature = algorithm.sign(Buffer.from(`${header}.${payload}`, 'latin1'), key).toString('base64url')
    return full ? JSON.stringify({ payload, protected: header, signature }) : `${header}.${payload}.${signature}`
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
