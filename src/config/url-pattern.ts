import { inColonForm } from './endpoint-path.ts'
import type { Path } from './path.ts'
import type { Report } from './report.ts'

const PLACEHOLDER = /\{([\w\-.:/]+)\}/g
const SEQUENCE_VALUE = /^resp(\d+)_.+$/
const CLAIM = /^JWT\..+$/

/** What a url_pattern may refer to. */
export interface PatternScope {
  readonly method: string
  /** With braces. */
  readonly endpoint: string
  readonly params: readonly string[]
  /** Position of the backend in the endpoint's list. */
  readonly backend: number
  /** The backends run one after the other, so earlier answers can be used. */
  readonly sequential: boolean
  /** The endpoint validates tokens, so claims can be used. */
  readonly hasClaims: boolean
}

/** Checks that everything in braces has a value (specification: core 1.2 and 6.2, traffic-security "Claims in URLs"). */
export function checkUrlPattern(pattern: string, scope: PatternScope, where: Path, report: Report): void {
  if (!pattern.includes('{')) return
  const names = [...new Set(pattern.matchAll(PLACEHOLDER).map((match) => match[1] ?? ''))].sort()
  const ordinary = names.filter((name) => !isProvided(name, scope))
  const undefinedName = ordinary.find((name) => !scope.params.includes(name))
  if (undefinedName === undefined) return
  const place =
    `endpoint: ${scope.method} ${inColonForm(scope.endpoint)}, backend: ${scope.backend}. ` +
    `input: [${[...scope.params].sort().join(' ')}], output: [${names.join(' ')}]`
  // The reference counts one name less than there are before it looks at the names themselves.
  if (ordinary.length - 1 > scope.params.length) {
    const message = `input and output params do not match. ${place}`
    report.add({ code: 'CONFIG_PARAMETERS_MISMATCH', path: where, message })
    return
  }
  const message = `undefined output param '${undefinedName}'! ${place}`
  const finding = { code: 'CONFIG_UNDEFINED_PARAMETER', path: where, message } as const
  const remedy = remedyFor(undefinedName, scope)
  report.add(remedy === undefined ? finding : { ...finding, remedy })
}

function isProvided(name: string, scope: PatternScope): boolean {
  const index = SEQUENCE_VALUE.exec(name)?.[1]
  if (index !== undefined) return scope.sequential && Number(index) < scope.backend
  return CLAIM.test(name) && scope.hasClaims
}

function remedyFor(name: string, scope: PatternScope): string | undefined {
  if (CLAIM.test(name)) return 'Add "auth/validator" to the extra_config of the endpoint: only then are there claims.'
  if (!SEQUENCE_VALUE.test(name)) return undefined
  if (!scope.sequential) return 'Set "sequential": true in the namespace "proxy" of the endpoint.'
  return `Refer to the answer of an earlier backend; this one has the position ${scope.backend}.`
}
