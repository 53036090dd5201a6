import { PermissionsSchema } from './permissions-schema.ts'
import { ClientTlsSchema, TlsSchema } from './tls-schema.ts'
import { type Static, Type } from './type.ts'

/** A duration for which a negative value means "none", as zero may stand for a default. */
const durationOrNone = (description: string) => Type.Optional(Type.Duration({ minimum: null, description }))
const duration = (description: string) => Type.Optional(Type.Duration({ description }))
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const text = (description: string) => Type.Optional(Type.String({ description }))
const count = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const words = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))
const extraConfig = Type.Optional(
  Type.Record(Type.String(), Type.Unknown(), { description: 'Options of the components, by namespace' }),
)

/** Keys that had other names before version 3; the reference ignores the old ones. */
const RENAMED_KEYS = {
  headers_to_pass: 'input_headers',
  querystring_params: 'input_query_strings',
  whitelist: 'allow',
  blacklist: 'deny',
} as const

/** What a method is made of (RFC 9110, section 5.6.2). */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]*$"

/** The keys of a backend (specification: core 4). */
export const BackendSchema = Type.Object(
  {
    url_pattern: text('Path and query of the call; {name} stands for a parameter of the endpoint'),
    host: words('Base URLs, used in turn; those of the service when absent'),
    method: Type.Optional(
      Type.String({ pattern: TOKEN, description: "Method of the call; the endpoint's when absent" }),
    ),
    encoding: text('How the answer is decoded: json, safejson, xml, rss, string, yaml, fast-json or no-op'),
    is_collection: flag('The answer is a list; it becomes the field "collection"'),
    target: text('Dotted path of the object that becomes the answer'),
    allow: words('Fields that are kept'),
    deny: words('Fields that are removed'),
    mapping: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'New names of root fields' })),
    group: text('Field that the answer is put under'),
    sd: text('Service discovery: static or dns'),
    sd_scheme: text('Scheme of the hosts found by DNS'),
    disable_host_sanitize: flag('Take the hosts as they are written'),
    input_headers: words('Headers that this backend receives out of those of the endpoint'),
    input_query_strings: words('Query parameters that this backend receives out of those of the endpoint'),
    extra_config: extraConfig,
  },
  { description: 'A call to an upstream service', renamedKeys: RENAMED_KEYS },
)

/** The keys of an endpoint (specification: core 2). */
export const EndpointSchema = Type.Object(
  {
    endpoint: Type.String({ description: 'Path that clients request; {name} is a parameter' }),
    method: text('GET, POST, PUT, PATCH or DELETE'),
    backend: Type.Optional(Type.Array(BackendSchema, { description: 'The calls that make the answer' })),
    timeout: duration('Time for the whole request'),
    cache_ttl: duration('max-age of complete answers'),
    concurrent_calls: Type.Optional(
      Type.Integer({ description: 'How often each call is sent at once; the first answer wins' }),
    ),
    input_headers: words('Request headers that are sent on; "*" for all'),
    input_query_strings: words('Query parameters that are sent on; "*" for all'),
    output_encoding: text('json, json-collection, string, xml, yaml, negotiate, fast-json or no-op'),
    extra_config: extraConfig,
  },
  { description: 'A path that clients can request', renamedKeys: RENAMED_KEYS },
)

/** How the gateway treats a plugin, or all of them. */
export const PluginSettingsSchema = Type.Object({
  on_error: Type.Optional(
    Type.Union(
      [
        Type.Enum(['fail', 'skip']),
        Type.Object({
          status: Type.Integer({ minimum: 200, maximum: 599, description: 'Status of the answer' }),
          headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Fields of the answer' })),
          body: text('Body of the answer; text unless headers name another Content-Type'),
        }),
      ],
      {
        description:
          'What becomes of a request in which the plugin fails: "fail" (500), "skip" (goes on without it), or an answer',
      },
    ),
  ),
  timeout: duration('How long one call of a hook may take'),
  optional: flag('Start without the plugin when it is missing or cannot be set up'),
  permissions: Type.Optional(PermissionsSchema),
})

/** The root's `plugin` object. */
export const PluginSchema = Type.Object(
  {
    folder: text('Folder that the plugins lie in'),
    pattern: text('Part of the file names; empty takes all files'),
    packages: words('npm packages that hold plugins'),
    settings: Type.Optional(
      Type.Record(Type.String(), PluginSettingsSchema, { description: 'What holds for single plugins, by name' }),
    ),
    defaults: Type.Optional(PluginSettingsSchema),
  },
  { description: 'Where the plugins are, and how they are treated' },
)

/** The keys of the service (specification: core 1.3, operations 2.3). */
export const ServiceSchema = Type.Object(
  {
    version: Type.Optional(Type.Integer({ description: 'Version of the configuration: 3' })),
    name: text('Name of the service'),
    port: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65535, description: 'Listening port; 8080 when 0 or absent' }),
    ),
    listen_ip: text('IPv4 or IPv6 address to listen on; all when absent'),
    host: words('Hosts of the backends that name none'),
    timeout: duration('Default time of the endpoints; 2s when absent'),
    cache_ttl: duration('Default cache_ttl of the endpoints'),
    output_encoding: text('Default output_encoding of the endpoints'),
    endpoints: Type.Optional(Type.Array(EndpointSchema, { description: 'The paths that clients can request' })),
    async_agent: Type.Optional(Type.Array(Type.Unknown(), { description: 'Consumers of message queues' })),
    extra_config: extraConfig,
    plugin: Type.Optional(PluginSchema),
    tls: Type.Optional(TlsSchema),
    client_tls: Type.Optional(ClientTlsSchema),
    use_h2c: flag('HTTP/2 without TLS on the server'),
    disable_rest: flag('Allow parameters inside a path segment'),
    debug_endpoint: flag('Serve /__debug/'),
    echo_endpoint: flag('Serve /__echo/'),
    sequential_start: flag('Start the agents one after the other'),
    read_timeout: durationOrNone('Time for reading a request'),
    read_header_timeout: durationOrNone('Time for reading the headers of a request'),
    write_timeout: durationOrNone('Time from the end of the request headers to the end of the answer'),
    idle_timeout: durationOrNone('How long a client connection may be idle; read_timeout when absent'),
    max_header_bytes: Type.Optional(
      Type.Integer({ description: 'Limit of the request line and headers; 1 MiB when absent' }),
    ),
    max_concurrent_requests: count(
      'Requests that are answered at once, by all threads together; 0 for no limit; 4096 for each thread when absent',
    ),
    max_queue_time: durationOrNone(
      'How long a request beyond max_concurrent_requests may wait before it is refused; 100ms when absent, negative for none',
    ),
    shutdown_delay: duration(
      'How long everything goes on after the signal to stop, while the health endpoint answers 503; 0s when absent',
    ),
    max_shutdown_wait_time: duration('How long requests may take after the signal to stop; no limit when absent'),
    dialer_timeout: durationOrNone('Time to connect to a backend'),
    dialer_keep_alive: durationOrNone('TCP keep-alive period; 15s when absent, negative for none'),
    dialer_fallback_delay: durationOrNone(
      'Delay before the other address family is tried; 300ms when absent, negative for none',
    ),
    disable_keep_alives: flag('A new connection for each call to a backend'),
    disable_compression: flag('Do not ask backends for gzip'),
    max_idle_connections: count('Idle connections to all backends; 0 for no limit'),
    max_idle_connections_per_host: count('Idle connections to one backend; 250 when absent'),
    idle_connection_timeout: durationOrNone('How long a connection to a backend may be idle'),
    response_header_timeout: durationOrNone("Time from the request to the backend's headers"),
    expect_continue_timeout: durationOrNone('Wait for the answer to Expect: 100-continue'),
    dns_cache_ttl: durationOrNone('How long hosts found by DNS are kept; 30s when absent or below 1s'),
    max_decoded_bytes: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Limit of an answer of a backend that is decoded, after gzip; 64 MiB when absent',
      }),
    ),
    allow_insecure_connections: flag('Do not verify the certificates of backends'),
  },
  { description: 'The configuration of the gateway' },
)

export type BackendInput = Static<typeof BackendSchema>
export type EndpointInput = Static<typeof EndpointSchema>
export type ServiceInput = Static<typeof ServiceSchema>
