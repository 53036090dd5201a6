import type { Diagnostic } from './diagnostic.ts'
import { applyEnvironment, type Environment } from './environment.ts'
import type { Feature } from './feature.ts'
import type { GatewayConfig } from './model.ts'
import { normaliseService } from './normalise.ts'
import { formatPath, type Path } from './path.ts'
import { isPlainObject } from './plain-object.ts'
import { nowhere } from './positions.ts'
import { type Document, documentOf, type Render, readDocument } from './read.ts'
import { Report } from './report.ts'
import { ServiceSchema } from './schema.ts'
import { validate } from './validate.ts'
import { convertScalar, describe } from './weak-types.ts'

export type { Diagnostic, Severity } from './diagnostic.ts'
export { formatDiagnostic } from './diagnostic.ts'

/** What applies to every source of a configuration. */
export interface ConfigOptions {
  /** What can stand in `extra_config`. */
  readonly features: readonly Feature[]
  /** Variables that may replace root keys (`KRAKEND_PORT`); none when absent. */
  readonly env?: Environment
  /** Start like the reference where it would silently drop something; each such place is a warning then. */
  readonly lenient?: boolean
  /** Values of the command line; they come after the environment. */
  readonly overrides?: { readonly port?: number; readonly debugEndpoint?: boolean }
}

export interface LoadOptions extends ConfigOptions {
  readonly file: string
  /** A step before parsing, such as a template engine. Places in diagnostics then refer to what it gives. */
  readonly render?: Render
}

export interface LoadResult {
  /** Plain data without functions; null when a diagnostic is an error. */
  readonly config: GatewayConfig | null
  /** Everything that is to be said, in the order of the file. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads, checks and normalises a configuration file: JSON, or YAML or TOML by its extension. All problems are told at
 * once; a file that cannot be read or parsed gives one. Never rejects because of what the file holds.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const report = new Report(options.file, options.lenient ?? false)
  const document = await readDocument(options.file, options.render)
  if (!('locator' in document)) {
    report.add(document)
    return { config: null, diagnostics: report.diagnostics(nowhere) }
  }
  return checkDocument(document, options, report)
}

/** Does the same for an object that a program made, which is not changed. */
export async function loadConfigObject(value: unknown, options: ConfigOptions): Promise<LoadResult> {
  const report = new Report('', options.lenient ?? false)
  let copy: unknown
  try {
    copy = structuredClone(value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    report.add({ code: 'CONFIG_NOT_PLAIN_DATA', path: [], message })
    return { config: null, diagnostics: report.diagnostics(nowhere) }
  }
  return checkDocument(documentOf(copy), options, report)
}

async function checkDocument(document: Document, options: ConfigOptions, report: Report): Promise<LoadResult> {
  const config = checkValue(document.value, options, report)
  const locate = report.isEmpty ? nowhere : await document.locator()
  return { config: report.hasErrors ? null : config, diagnostics: report.diagnostics(locate) }
}

const WANTED_VERSION = 3

function checkValue(value: unknown, options: ConfigOptions, report: Report): GatewayConfig | null {
  if (!isPlainObject(value)) {
    const message = `the configuration must be an object, not ${describe(value)}`
    report.add({ code: 'CONFIG_NOT_AN_OBJECT', path: [], message })
    return null
  }
  const root = { ...value }
  applyEnvironment(root, options.env ?? {}, report)
  // Another version is another language: what follows would complain about all of it.
  const declared = root.version ?? 0
  const version = convertScalar('integer', declared)
  if (version !== WANTED_VERSION) {
    const shown = version ?? describe(declared)
    report.add({
      code: 'CONFIG_UNSUPPORTED_VERSION',
      path: ['version'],
      message: `unsupported version: ${shown} (want: ${WANTED_VERSION})`,
    })
    if (version !== 0) return null
  }
  const { value: input, problems } = validate(ServiceSchema, root, [], { unknownKeys: 'similar' })
  const broken = new Set<string>()
  for (const problem of problems) {
    report.add(problem)
    if (problem.severity === 'error') addAncestors(broken, problem.path)
  }
  const features = new Map(options.features.map((feature) => [feature.namespace, feature]))
  const config = normaliseService(input, broken, features, report)
  const { port = config.port, debugEndpoint = config.debugEndpoint } = options.overrides ?? {}
  return { ...config, port, debugEndpoint }
}

/** Notes a path and everything above it. */
function addAncestors(paths: Set<string>, path: Path): void {
  for (let length = path.length; length > 0; length--) paths.add(formatPath(path.slice(0, length)))
}
