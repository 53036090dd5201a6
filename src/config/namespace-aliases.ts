/** Short namespace → the long names of earlier versions, without the leading `github.com/` (specification: core 1.1). */
const LONG_NAMES: Readonly<Record<string, readonly string[]>> = {
  'async/amqp': ['devopsfaith/krakend-amqp/agent'],
  'auth/client-credentials': ['devopsfaith/krakend-oauth2-clientcredentials'],
  'auth/revoker': ['devopsfaith/bloomfilter'],
  'auth/signer': ['devopsfaith/krakend-jose/signer'],
  'auth/validator': ['devopsfaith/krakend-jose/validator'],
  'backend/amqp/consumer': ['devopsfaith/krakend-amqp/consume'],
  'backend/amqp/producer': ['devopsfaith/krakend-amqp/produce'],
  'backend/graphql': ['devopsfaith/krakend/transport/http/client/graphql'],
  'backend/http': ['devopsfaith/krakend/http'],
  'backend/lambda': ['devopsfaith/krakend-lambda'],
  'backend/pubsub/publisher': ['devopsfaith/krakend-pubsub/publisher'],
  'backend/pubsub/subscriber': ['devopsfaith/krakend-pubsub/subscriber'],
  'modifier/lua-backend': ['devopsfaith/krakend-lua/proxy/backend'],
  'modifier/lua-endpoint': ['devopsfaith/krakend-lua/router'],
  'modifier/lua-proxy': ['devopsfaith/krakend-lua/proxy'],
  'modifier/martian': ['devopsfaith/krakend-martian'],
  'plugin/http-client': ['devopsfaith/krakend/transport/http/client/executor'],
  'plugin/http-server': ['devopsfaith/krakend/transport/http/server/handler'],
  'plugin/req-resp-modifier': ['devopsfaith/krakend/proxy/plugin'],
  proxy: ['devopsfaith/krakend/proxy'],
  'qos/circuit-breaker': ['devopsfaith/krakend-circuitbreaker/gobreaker'],
  'qos/http-cache': ['devopsfaith/krakend-httpcache'],
  'qos/ratelimit/proxy': ['devopsfaith/krakend-ratelimit/juju/proxy'],
  'qos/ratelimit/router': ['devopsfaith/krakend-ratelimit/juju/router'],
  router: ['luraproject/lura/router/gin'],
  'security/bot-detector': ['devopsfaith/krakend-botdetector'],
  'security/cors': ['devopsfaith/krakend-cors'],
  'security/http': ['devopsfaith/krakend-httpsecure'],
  'telemetry/gelf': ['devopsfaith/krakend-gelf'],
  'telemetry/influx': ['letgoapp/krakend-influx'],
  'telemetry/logging': ['devopsfaith/krakend-gologging'],
  'telemetry/logstash': ['devopsfaith/krakend-logstash'],
  'telemetry/metrics': ['devopsfaith/krakend-metrics'],
  'telemetry/opencensus': ['devopsfaith/krakend-opencensus'],
  'validation/cel': ['devopsfaith/krakend-cel'],
  'validation/json-schema': ['devopsfaith/krakend-jsonschema'],
}

/** Every long name, in both spellings (`github.com/…` and `github_com/…`), → its short name. */
export const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries(LONG_NAMES).flatMap(([short, names]) =>
    names.flatMap((name): [string, string][] => [
      [`github.com/${name}`, short],
      [`github_com/${name}`, short],
    ]),
  ),
)
