import { inSpan, spanLabel } from '../pipes/span.ts'
import type { Call, HookName } from './call.ts'
import type { Place } from './place.ts'
import { NAMESPACES } from './registry.ts'
import { isThenable, type PluginKind } from './runtime.ts'

/**
 * What traces call a hook of a plugin: the room it stands in, the namespace, the name; for modifiers also which hook.
 *
 * @example
 * backend:plugin/req-resp-modifier(mask).response
 */
export function pluginSpan(hook: HookName, plugin: string, { facts }: Place): string {
  const [kind = hook, side] = hook.split('.')
  const suffix = side === undefined ? '' : `.${side}`
  return spanLabel(`${roomOf(hook, facts)}:${NAMESPACES[kind as PluginKind]}(${plugin})${suffix}`)
}

function roomOf(hook: HookName, { endpoint, backend }: Place['facts']): string {
  if (hook === 'client') return 'transport'
  if (hook === 'server') return endpoint === null ? 'server' : 'endpoint'
  return backend === null ? 'proxy' : 'backend'
}

/** Measures each call for the trace of its request; the same call where requests are not traced. */
export function traced<Subject, Result>(call: Call<Subject, Result>): Call<Subject, Result> {
  const { invoke, site } = call
  const { span } = site
  if (span === null) return call
  return {
    ...call,
    invoke: (subject, context, request) =>
      inSpan(span, context, () => {
        const returned = invoke(subject, context, request)
        return isThenable(returned) ? Promise.resolve(returned) : returned
      }),
  }
}
