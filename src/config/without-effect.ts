import type { EndpointConfig } from './model.ts'
import { parsePath } from './path.ts'
import { isPlainObject } from './plain-object.ts'
import type { Report } from './report.ts'
import type { EndpointInput, ServiceInput } from './schema.ts'

/** Router options that are accepted and change nothing here → why. */
const ROUTER_OPTIONS: Readonly<Record<string, string>> = {
  max_multipart_memory: 'bodies are passed on as they arrive, and forms are never parsed',
  disable_gzip: 'it belongs to the enterprise edition: answers are never compressed',
  decompress_gzip: 'it belongs to the enterprise edition: request bodies are passed on as they are',
}

/** Warns of settings that are read and change nothing, so that nobody counts on them. */
export function tellWithoutEffect(input: ServiceInput, extra: Readonly<Record<string, unknown>>, report: Report): void {
  const tell = (path: readonly string[], reason: string): void => {
    const message = `${JSON.stringify(path.at(-1))} is accepted and has no effect: ${reason}`
    report.add({ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path, message })
  }
  if (input.use_h2c === true && input.tls !== undefined && input.tls.disabled !== true) {
    tell(['use_h2c'], 'with "tls" clients choose HTTP/2 as they connect')
  }
  if (input.sequential_start === true) tell(['sequential_start'], 'it orders agents, and there are none')
  if (input.expect_continue_timeout) {
    tell(['expect_continue_timeout'], 'the gateway never sends Expect: 100-continue')
  }
  const { router } = extra
  if (!isPlainObject(router)) return
  for (const [option, reason] of Object.entries(ROUTER_OPTIONS)) {
    const value = router[option]
    if (value !== undefined && value !== false && value !== 0) tell(['extra_config', 'router', option], reason)
  }
}

/** An endpoint can only be stricter than the service, and a backend has no say: its request has been taken by then. */
export function tellPayloadLimits(
  endpoints: readonly EndpointConfig[],
  service: Readonly<Record<string, unknown>>,
  report: Report,
): void {
  const most = limitOf(service.router)
  const tell = (where: string, reason: string): void => {
    const message = `"max_payload" is accepted and has no effect: ${reason}`
    const path = [...parsePath(where), 'extra_config', 'proxy', 'max_payload']
    report.add({ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path, message })
  }
  for (const { where, extra, backends } of endpoints) {
    if (most > 0 && limitOf(extra.proxy) > most) tell(where, `the service allows no more than ${most} bytes`)
    for (const backend of backends) {
      if (limitOf(backend.extra.proxy) > 0) tell(backend.where, 'it belongs to the endpoint, or to the service')
    }
  }
}

function limitOf(options: unknown): number {
  return isPlainObject(options) && typeof options.max_payload === 'number' ? options.max_payload : 0
}

const BODY_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** A list of headers replaces the default, which is `Content-Type`: without it backends may not understand a body. */
export function tellLostContentType(
  endpoint: EndpointInput,
  method: string,
  where: readonly (string | number)[],
  report: Report,
): void {
  const names = endpoint.input_headers ?? []
  if (names.length === 0 || !BODY_METHODS.has(method)) return
  if (names.some((name) => name === '*' || name?.toLowerCase() === 'content-type')) return
  const message = `the Content-Type of a ${method} does not reach the backends, for "input_headers" does not list it`
  report.add({ code: 'CONFIG_CONTENT_TYPE_NOT_SENT', severity: 'warning', path: [...where, 'input_headers'], message })
}
