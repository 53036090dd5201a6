import type { Feature } from './feature.ts'
import type { ExtraConfig } from './model.ts'
import { ALIASES } from './namespace-aliases.ts'
import { type Level, NAMESPACES } from './namespaces.ts'
import { nearest } from './nearest.ts'
import { isCommentKey, type Path } from './path.ts'
import { isPlainObject, setOwn } from './plain-object.ts'
import type { Report } from './report.ts'
import { type Problem, type Validation, validate } from './validate.ts'

/** Features by namespace. */
export type FeatureIndex = ReadonlyMap<string, Feature>

const ROOMS: Readonly<Record<Level, readonly (keyof Feature)[]>> = {
  service: ['server', 'router', 'service'],
  endpoint: ['endpoint', 'proxy', 'server'],
  backend: ['backend', 'transport'],
}
const ALL_ROOMS = Object.values(ROOMS).flat()
const LEVELS: readonly Level[] = ['service', 'endpoint', 'backend']

/**
 * Makes the components' options out of an `extra_config`: long names become short, the options of every feature that
 * can stand there are checked and converted, and what is not implemented is told: with an error where its silent
 * absence would leave traffic unguarded or changed, else with a warning. Blocks of namespaces without a feature are
 * kept as they are.
 * @param path of the `extra_config` itself
 */
export function resolveExtraConfig(
  level: Level,
  blocks: Readonly<Record<string, unknown>> | undefined,
  path: Path,
  features: FeatureIndex,
  report: Report,
): ExtraConfig {
  const result: Record<string, unknown> = {}
  if (blocks === undefined) return result
  for (const key of Object.keys(blocks)) {
    if (isCommentKey(key)) continue
    const at = [...path, key]
    const namespace = ALIASES.get(key) ?? key
    if (namespace !== key && (Object.hasOwn(blocks, namespace) || Object.hasOwn(result, namespace))) {
      const message = `${JSON.stringify(namespace)} is configured too, so this block is ignored`
      report.add({ code: 'CONFIG_ALIAS_SHADOWED', severity: 'warning', path: at, message })
      continue
    }
    const feature = features.get(namespace)
    if (feature !== undefined && standsAt(feature, level)) {
      const options = checkOptions(feature, blocks[key], level, at, report)
      if (options !== undefined) setOwn(result, namespace, options)
    } else if (tellMissing(level, namespace, feature, at, report)) setOwn(result, namespace, blocks[key])
  }
  return result
}

/** Whether a feature takes options at a level. Without rooms and levels it takes them everywhere. */
export function standsAt(feature: Feature, level: Level): boolean {
  if (feature.levels !== undefined) return feature.levels.includes(level)
  if (ROOMS[level].some((room) => feature[room] !== undefined)) return true
  return !ALL_ROOMS.some((room) => feature[room] !== undefined)
}

/** The converted options; where they are wrong what the feature has for that, else undefined: `--lenient` drops the block. */
function checkOptions(feature: Feature, block: unknown, level: Level, path: Path, report: Report): unknown {
  const { value, problems } = inspectOptions(feature, block, level, path)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const others = feature.wrongOptions === 'ignored' && report.lenient ? without(block, errors, path.length) : undefined
  if (others === undefined) for (const problem of problems) if (problem.severity === 'warning') report.add(problem)
  if (errors.length === 0) return value
  const dropped =
    others === undefined ? `${JSON.stringify(feature.namespace)} is ignored here` : 'the option is ignored'
  const effect = report.lenient ? ` (${others === undefined ? (feature.whenInvalid?.effect ?? dropped) : dropped})` : ''
  for (const problem of errors) report.refuse({ ...problem, message: problem.message + effect })
  return others === undefined ? feature.whenInvalid?.options : checkOptions(feature, others, level, path, report)
}

/** Checks options against their schema, and then what the feature knows beyond that. */
function inspectOptions(feature: Feature, block: unknown, level: Level, path: Path): Validation<unknown> {
  const { value, problems } = validate(feature.options, block, path)
  if (feature.check === undefined || problems.some(({ severity }) => severity === 'error')) return { value, problems }
  const more = feature.check(value, level).map((problem) => ({ ...problem, path: [...path, ...problem.path] }))
  return { value, problems: [...problems, ...more] }
}

/** A block without the options that are wrong; undefined where nothing is wrong, or the block as a whole is. */
function without(block: unknown, errors: readonly Problem[], depth: number): unknown {
  if (errors.length === 0 || !isPlainObject(block)) return undefined
  const wrong = new Set(errors.map(({ path }) => String(path[depth])))
  const right = Object.entries(block).filter(([key]) => !wrong.has(key))
  return Object.keys(block).length - right.length < wrong.size ? undefined : Object.fromEntries(right)
}

/** Who wrote such a block relies on it: where it guards nothing the start is refused. */
const PROTECTS = /^(auth|plugin|qos|security|validation)\//

/** Tells why a block has no effect. Returns whether it is worth keeping: not when it stands at a wrong place. */
function tellMissing(
  level: Level,
  namespace: string,
  feature: Feature | undefined,
  path: Path,
  report: Report,
): boolean {
  const known = NAMESPACES.get(namespace)
  if (known?.levels.includes(level) === true) {
    const message = `${JSON.stringify(namespace)} is known but not available at this place in this version`
    const code = 'CONFIG_NAMESPACE_NOT_IMPLEMENTED'
    if (known.guards) {
      const danger = 'without it, traffic would go on unguarded or unchanged'
      report.refuse({ code, path, message: `${message}; ${danger}` })
    } else
      report.add({ code, severity: 'warning', path, message, remedy: 'Remove the block; the gateway runs without it.' })
    return true
  }
  if (known !== undefined || feature !== undefined) {
    const places = LEVELS.filter((place) => (feature && standsAt(feature, place)) || known?.levels.includes(place))
    const message = `${JSON.stringify(namespace)} has no effect here, at the ${level}`
    const remedy = `Move it to the extra_config of the ${places.join(' or the ')}, or remove it.`
    const finding = { code: 'CONFIG_NAMESPACE_MISPLACED', path, message, remedy } as const
    if (PROTECTS.test(namespace)) report.refuse(finding)
    else report.add({ ...finding, severity: 'warning' })
    return false
  }
  if (namespace.startsWith('async/')) {
    const message = `${JSON.stringify(namespace)} has no effect here, at the ${level}`
    const remedy = 'Move it to the extra_config of an agent in async_agent, or remove it.'
    report.add({ code: 'CONFIG_NAMESPACE_MISPLACED', severity: 'warning', path, message, remedy })
    return false
  }
  const meant = nearest(namespace, [...NAMESPACES.keys(), ...ALIASES.keys()], 0.3)
  const message = `the component ${JSON.stringify(namespace)} is not known and is ignored`
  const finding = { code: 'CONFIG_NAMESPACE_UNKNOWN', severity: 'warning', path, message } as const
  report.add(meant === undefined ? finding : { ...finding, remedy: `Did you mean ${JSON.stringify(meant)}?` })
  return true
}
