import type { Path } from './path.ts'
import type { Report } from './report.ts'

const HOST = /^(https?:\/\/)?[A-Za-z0-9._-]+(?::\d{2,6})?\/?$/

/**
 * Adds `http://` to hosts without a scheme and removes a trailing slash (specification: core 4.1). What has not the
 * accepted form is reported and left out.
 * @param path of the list `host`
 */
export function sanitizeHosts(hosts: readonly string[], path: Path, report: Report): readonly string[] {
  const result: string[] = []
  for (const [index, host] of hosts.entries()) {
    if (host === undefined) continue
    const match = HOST.exec(host)
    if (match === null) {
      const message = `host ${host} not valid: invalid host`
      report.add({ code: 'CONFIG_INVALID_HOST', path: [...path, index], message })
      continue
    }
    const bare = host.endsWith('/') ? host.slice(0, -1) : host
    result.push(match[1] === undefined ? `http://${bare}` : bare)
  }
  return result
}
