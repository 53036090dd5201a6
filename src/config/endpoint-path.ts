import type { Path } from './path.ts'
import type { Report } from './report.ts'

const RESERVED = /\/__(?:debug|echo|health)(?:\/|$)/
const PARAMETER = /\{([A-Za-z0-9_-]+)\}/g
const WHOLE_PARAMETER = /^\{([A-Za-z0-9_-]+)\}$/

/** Adds the leading slash. */
export function withLeadingSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

/** The path as the reference prints it: `/x/:id`. */
export function inColonForm(path: string): string {
  return path.replace(PARAMETER, ':$1')
}

/** The names in braces, each once, in order. */
export function parametersOf(path: string): readonly string[] {
  return [...new Set(path.matchAll(PARAMETER).map((match) => match[1] ?? ''))]
}

/**
 * Checks the path of an endpoint (specification: core 1.2 and 2.1).
 * @param path with a leading slash
 * @param label how the reference names the endpoint: the method as written, a blank, the path
 * @returns whether it can be served
 */
export function checkEndpointPath(
  path: string,
  label: string,
  where: Path,
  inSegments: boolean,
  report: Report,
): boolean {
  const star = path.indexOf('*')
  if (star !== -1 && star === path.length - 1) {
    const message = `the endpoint '${label}' ends in a wildcard, which is not supported`
    report.add({ code: 'CONFIG_WILDCARD_NOT_SUPPORTED', path: where, message })
    return false
  }
  if (star !== -1 || RESERVED.test(path)) {
    const message = `ignoring the '${label}' endpoint, since it is invalid!!!`
    report.add({ code: 'CONFIG_INVALID_PATH', path: where, message })
    return false
  }
  for (const segment of path.split('/')) {
    if (!checkSegment(segment, label, where, inSegments, report)) return false
  }
  return true
}

function checkSegment(segment: string, label: string, where: Path, inSegments: boolean, report: Report): boolean {
  if (segment.startsWith(':')) {
    const message = `the segment ${segment} of '${label}' is taken literally`
    const remedy = `Write {${segment.slice(1)}} if it is meant as a parameter.`
    report.add({ code: 'CONFIG_COLON_PARAMETER', severity: 'warning', path: where, message, remedy })
  }
  if (WHOLE_PARAMETER.test(segment) || !/[{}]/.test(segment)) return true
  const code = 'CONFIG_EMBEDDED_PARAMETER'
  const rest = segment.replace(PARAMETER, '')
  if (/[{}]/.test(rest)) {
    const message = `the segment ${segment} of '${label}' has braces that enclose no parameter`
    const remedy = 'A name between braces has letters, digits, - and _ only; remove other braces.'
    report.add({ code, path: where, message, remedy })
    return false
  }
  if (!inSegments) {
    const message = `the segment ${segment} of '${label}' has a parameter that does not fill it`
    report.add({ code, path: where, message })
    return false
  }
  if (segment.includes('}{')) {
    const message = `the segment ${segment} of '${label}' has two parameters with nothing between them`
    report.add({ code, path: where, message, remedy: 'Put a character between the parameters, such as {name}.{type}.' })
    return false
  }
  return true
}
