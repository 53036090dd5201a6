import { withLeadingSlash } from './endpoint-path.ts'
import type { Path } from './path.ts'
import { isPlainObject } from './plain-object.ts'
import type { Report } from './report.ts'

/** An endpoint that the gateway itself serves. */
export interface BuiltIn {
  readonly path: string
  readonly name: string
  /** The option that moves it. */
  readonly option: string
}

/** The endpoints that are served by GET beside the configured ones, by their paths; two of them at one are told. */
export function builtInEndpoints(
  { router, 'telemetry/plugins': plugins }: Readonly<Record<string, unknown>>,
  report: Report,
): ReadonlyMap<string, BuiltIn> {
  const paths = new Map<string, BuiltIn>()
  const health = healthPath(router)
  if (health !== null) {
    const option = '"health_path" in the namespace "router"'
    paths.set(health, { path: health, name: 'the health endpoint', option })
  }
  if (isPlainObject(plugins) && typeof plugins.path === 'string') {
    const { path } = plugins
    const taken = paths.get(path)
    if (taken !== undefined) tellTaken(`GET ${path}`, taken, ['extra_config', 'telemetry/plugins', 'path'], report)
    const option = '"path" in the namespace "telemetry/plugins"'
    paths.set(path, { path, name: 'the endpoint of telemetry/plugins', option })
  }
  return paths
}

/** Where the router serves its health endpoint; null when it serves none. */
function healthPath(router: unknown): string | null {
  if (!isPlainObject(router)) return '/__health'
  if (router.disable_health === true) return null
  return typeof router.health_path === 'string' ? withLeadingSlash(router.health_path) : '/__health'
}

/**
 * Tells that a path is taken.
 * @param which what else shall be there, as `GET /path (endpoints[1])`
 */
export function tellTaken(which: string, { path, name, option }: BuiltIn, at: Path, report: Report): void {
  const message = `${which} repeats ${name}: handlers are already registered for path '${path}'`
  const remedy = `Choose another path, or another ${option}.`
  report.add({ code: 'CONFIG_DUPLICATE_ENDPOINT', path: at, message, remedy })
}
