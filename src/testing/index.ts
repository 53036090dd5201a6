/**
 * `loligo/testing`: a gateway in memory for tests of plugins and configurations. Like `loligo/plugin` it is the copy of the
 * running gateway when tests are run by `loligo plugin test`, and that of the installed package otherwise.
 */

export type { Diagnostic } from '../config/diagnostic.ts'
export type { Clock } from '../pipes/clock.ts'
export type { HeaderList, HeadersSource } from '../pipes/headers.ts'
export { HttpResponse } from '../pipes/http.ts'
export type { MetricReading } from '../plugins/author-metrics.ts'
export type { PluginUse } from '../plugins/host.ts'
export type { GuestUse } from '../plugins/runtime.ts'
export type { Level } from '../telemetry/logger.ts'
export { type ClockOptions, createClock, type TestClock } from './clock.ts'
export { ConfigError } from './config-error.ts'
export type { FetchOptions } from './fetch.ts'
export { createTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts'
export type { LogLine, RecordedLog } from './log.ts'
export type { FixedReply, PlainReply, Reply, Script } from './reply.ts'
export type { Routes } from './routes.ts'
export type { UpstreamCall } from './upstream-call.ts'
export type { Upstreams } from './upstreams.ts'
