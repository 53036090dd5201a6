/**
 * `loligo/plugin`: all that an author of plugins imports. Wherever a plugin lies, the import resolves to the copy that
 * belongs to the running gateway, so a plugin need not install anything.
 */

export { type Static, Type } from '../config/type.ts'
export type { Body } from '../pipes/body.ts'
export { ExactNumber } from '../pipes/exact-number.ts'
export { HttpError } from '../pipes/failure.ts'
export type { HeaderList, HeadersSource } from '../pipes/headers.ts'
export { type Handler, HttpResponse } from '../pipes/http.ts'
export { type DataObject, type DataValue, ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
export type { Query } from '../pipes/query.ts'
export type { Logger } from '../telemetry/logger.ts'
export {
  type Awaitable,
  definePlugin,
  type Modifier,
  type Plugin,
  type PluginDefinition,
  type PluginPlace,
  type PluginTools,
  type ServerPlugin,
} from './define-plugin.ts'
export type {
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
