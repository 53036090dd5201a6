import { defineFeature } from '../config/feature.ts'
import { type Static, Type } from '../config/type.ts'

const flag = (description: string) => Type.Optional(Type.Boolean({ description, default: false }))

const routerOptions = Type.Object({
  auto_options: flag('answer OPTIONS on every path with the allowed methods'),
  disable_redirect_trailing_slash: flag('no redirect from `/a/` to `/a` and back'),
  disable_redirect_fixed_path: flag('no redirect to the path with other case or without doubled slashes'),
  disable_handle_method_not_allowed: flag('404 instead of 405'),
  remove_extra_slash: flag('collapse doubled slashes before matching'),
  disable_path_decoding: flag('parameters that look encoded twice are let through'),
  error_body: Type.Optional(
    Type.Object(
      { '404': Type.Optional(Type.Unknown()), '405': Type.Optional(Type.Unknown()) },
      { description: 'JSON bodies of the router’s own answers' },
    ),
  ),
  return_error_msg: flag('write the reason of a failure as the body of its answer'),
  forwarded_by_client_ip: Type.Optional(
    Type.Boolean({ description: 'take the client address from header fields', default: true }),
  ),
  remote_ip_headers: Type.Optional(
    Type.Array(Type.String(), { description: 'the header fields that name the client address' }),
  ),
  trusted_proxies: Type.Optional(
    Type.Array(Type.String(), { description: 'addresses and networks whose header fields are believed' }),
  ),
  app_engine: flag('trust `X-Appengine-Remote-Addr` as the client address'),
  health_path: Type.Optional(Type.String({ description: 'path of the health endpoint', default: '/__health' })),
  disable_health: flag('no health endpoint'),
  logger_skip_paths: Type.Optional(
    Type.Array(Type.String(), { description: 'paths without a line in the access log' }),
  ),
  disable_access_log: flag('no access log'),
  hide_version_header: flag('`X-Krakend` does not tell the version'),
  max_multipart_memory: Type.Optional(Type.Unknown({ description: 'accepted; has no effect in the reference either' })),
  use_h2c: flag('HTTP/2 without TLS'),
  max_payload: Type.Optional(
    Type.Integer({ minimum: 0, description: 'bytes of a request’s body; more is answered with 413; 0 for no limit' }),
  ),
  disable_gzip: Type.Optional(
    Type.Unknown({ description: 'an option of the enterprise edition; accepted without effect' }),
  ),
  decompress_gzip: Type.Optional(
    Type.Unknown({ description: 'an option of the enterprise edition; accepted without effect' }),
  ),
})

export type RouterOptions = Static<typeof routerOptions>

/** The `router` namespace of the service. Specification: core 3.1. */
export const routerNamespace = defineFeature({ namespace: 'router', options: routerOptions, levels: ['service'] })

/** The `router` options of a configuration; empty when there are none. */
export function routerOptionsOf(config: { readonly extra: Readonly<Record<string, unknown>> }): RouterOptions {
  return (config.extra.router as RouterOptions | undefined) ?? {}
}
