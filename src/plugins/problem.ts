/** What sort of problem it is. */
export type PluginErrorCode =
  | 'PLUGIN_CLASH'
  | 'PLUGIN_FACTORY_FAILED'
  | 'PLUGIN_FILE_BROKEN'
  | 'PLUGIN_FOLDER_UNREADABLE'
  | 'PLUGIN_NAME_MALFORMED'
  | 'PLUGIN_NOT_FOUND'
  | 'PLUGIN_OPTIONS_INVALID'
  | 'PLUGIN_PACKAGE_MISSING'
  | 'PLUGIN_PERMISSIONS_UNSUPPORTED'
  | 'PLUGIN_RUNTIME_MISSING'

/** Something that keeps a plugin from working, found before anything is served. */
export interface PluginProblem {
  readonly code: PluginErrorCode
  /** The plugin's file or the plugin folder; empty when the configuration is at fault. */
  readonly file: string
  /** The place in the configuration as a JSON path; empty when a file is at fault. */
  readonly where: string
  /** What is wrong, with the line where it is known. */
  readonly message: string
  /** What to do about it. */
  readonly remedy: string
}

/** Plugins that the configuration asks for cannot do their work: the gateway must not start without them. */
export class PluginLoadError extends Error {
  override name = 'PluginLoadError'
  readonly problems: readonly PluginProblem[]

  constructor(problems: readonly PluginProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options)
    this.problems = problems
  }
}

/** One problem on one line: where, what, and what to do. */
export function formatProblem({ file, where, message, remedy }: PluginProblem): string {
  const place = [file, where].filter((part) => part !== '').join(': ')
  return `${place === '' ? '' : `${place}: `}${message}${remedy === '' ? '' : ` (${remedy})`}`
}

/** A problem of a file. */
export function fileProblem(code: PluginErrorCode, file: string, message: string, remedy: string): PluginProblem {
  return { code, file, where: '', message, remedy }
}

/** A problem of the configuration. */
export function configProblem(code: PluginErrorCode, where: string, message: string, remedy: string): PluginProblem {
  return { code, file: '', where, message, remedy }
}
