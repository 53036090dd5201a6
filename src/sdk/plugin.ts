/**
 * `loligo/plugin`: all that an author of plugins imports. Wherever a plugin lies, the import resolves to the copy that
 * belongs to the running gateway, so a plugin need not install anything.
 */

export { type Static, Type } from '../config/type.ts'
export type { Body } from '../pipes/body.ts'
export type { Context } from '../pipes/context.ts'
export { ExactNumber } from '../pipes/exact-number.ts'
export { ClientGone, DeadlineExceeded, HttpError } from '../pipes/failure.ts'
export type { HeaderList, HeadersSource } from '../pipes/headers.ts'
export { type Handler, HttpRequest, HttpResponse } from '../pipes/http.ts'
export { type DataObject, type DataValue, type Proxy, ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
export type { Query } from '../pipes/query.ts'
export { UpstreamStatusError } from '../pipes/upstream-status-error.ts'
export type { Logger } from '../telemetry/logger.ts'
export {
  type ClientPlugin,
  definePlugin,
  type Middleware,
  type Modifier,
  type Plugin,
  type PluginDefinition,
  type ServerPlugin,
} from './define-plugin.ts'
export type {
  ClientRequest,
  ModifierAnswer,
  ModifierRequest,
  ModifierResponse,
  PlainData,
  PlainResponse,
  PluginContext,
  PluginRequest,
  PluginResponse,
  ServerAnswer,
} from './messages.ts'
export type {
  Awaitable,
  Counter,
  CounterHit,
  FetchInit,
  Histogram,
  MetricInit,
  PluginPlace,
  PluginStore,
  PluginTools,
  TimeToLive,
} from './tools.ts'
