import { setOwn } from './plain-object.ts'
import type { Report } from './report.ts'
import { ServiceSchema } from './schema.ts'
import { validate } from './validate.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Root keys that a variable can set: the scalars, and `host`. */
const SETTINGS = Object.entries(ServiceSchema.properties).filter(
  ([key, schema]) => key === 'host' || !('type' in schema && (schema.type === 'object' || schema.type === 'array')),
)

/**
 * Puts the `KRAKEND_KEY` variables over the root keys of the file (specification: core 1.1, operations 1.4). Empty ones
 * count as unset. A value that does not convert is an error, but `tcp://…` for the port, which Kubernetes sets beside a
 * service of that name, is ignored with a warning.
 */
export function applyEnvironment(root: Record<string, unknown>, environment: Environment, report: Report): void {
  for (const [key, schema] of SETTINGS) {
    const variable = `KRAKEND_${key.toUpperCase()}`
    const value = environment[variable]
    if (value === undefined || value === '') continue
    if (key === 'port' && /^(tcp|udp):\/\//.test(value)) {
      report.add({
        code: 'CONFIG_ENVIRONMENT_IGNORED',
        severity: 'warning',
        path: [],
        variable,
        message: `${JSON.stringify(value)} is no port; Kubernetes sets such a variable beside a service named krakend`,
        remedy: 'Set enableServiceLinks: false for the pod, or give the service another name.',
      })
      continue
    }
    const { problems } = validate(schema, value)
    const problem = problems.find(({ severity }) => severity === 'error')
    if (problem !== undefined) {
      const message = `${problem.message} (it replaces ${JSON.stringify(key)} of the file)`
      report.add({ code: 'CONFIG_ENVIRONMENT_VALUE', path: [], variable, message })
      continue
    }
    setOwn(root, key, value)
    report.fromEnvironment.set(key, variable)
  }
}
