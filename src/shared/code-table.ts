import { dirname, join, sep } from 'node:path'
import { formatFrame, type StackFrame } from './stack-frames.ts'

/** A file that plugins were loaded from, by the paths that stacks show. */
export interface CodeFile {
  readonly file: string
  /** The folder whose code belongs to the plugins, with what is installed in it. */
  readonly root: string
  /** Names of the plugins in it; none as long as it is being loaded. */
  readonly plugins: readonly string[]
}

/** What is added to a table. */
export type CodeEntry =
  | { readonly type: 'site'; readonly number: number; readonly text: string }
  | { readonly type: 'file'; readonly file: CodeFile }

/** Who did something, as far as it can be told. */
export interface Culprit {
  /** For log lines: `plugin "a", server at [PLUGIN: Server]: answer (/plugins/a.ts:3:5)`. */
  readonly text: string
  /** The plugin's name; null when only the place is known. */
  readonly plugin: string | null
}

/** `src/` in a checkout, `dist/` in a package: code in it is the gateway's wherever it lies. */
const OWN_FOLDER = (import.meta.filename.endsWith('.ts') ? join(import.meta.dirname, '..') : import.meta.dirname) + sep

/** Knows the plugin code of one thread: the numbers that stand for its parts, and the files it came from. */
export class CodeTable {
  readonly #sites: string[] = []
  readonly #files = new Map<string, CodeFile>()
  readonly #roots = new Set<string>()

  add(entry: CodeEntry): void {
    if (entry.type === 'site') this.#sites[entry.number] = entry.text
    else {
      this.#files.set(entry.file.file, entry.file)
      this.#roots.add(withSeparator(entry.file.root)).add(withSeparator(dirname(entry.file.file)))
    }
  }

  /** What a number stands for; null for 0 and for numbers that were never given. */
  site(number: number): string | null {
    return this.#sites[number] ?? null
  }

  /** Whether a file belongs to plugins. */
  isPluginCode(file: string): boolean {
    if (file.startsWith('node:') || file.startsWith(OWN_FOLDER)) return false
    if (this.#files.has(file)) return true
    for (const root of this.#roots) if (file.startsWith(root)) return true
    return false
  }

  /**
   * Names who did something.
   * @param frames the innermost first
   * @param site what was running, when that is known
   * @returns null when neither shows a plugin
   */
  blame(frames: readonly StackFrame[], site: string | null): Culprit | null {
    const frame = frames.find(({ file }) => this.isPluginCode(file))
    if (frame === undefined) return site === null ? null : { text: site, plugin: pluginOf(site) }
    const [plugin = null] = this.#pluginsOf(frames)
    const at = formatFrame(frame)
    if (site !== null && (plugin === null || pluginOf(site) === plugin))
      return { text: `${site}: ${at}`, plugin: pluginOf(site) }
    return { text: plugin === null ? `plugin code: ${at}` : `${quoted(plugin)}: ${at}`, plugin }
  }

  /** A frame may lie in a module that several files import: then a caller tells. */
  #pluginsOf(frames: readonly StackFrame[]): readonly string[] {
    for (const { file } of frames) {
      const plugins = this.#files.get(file)?.plugins ?? []
      if (plugins.length > 0) return plugins
    }
    return []
  }
}

/** What stands for a plugin in the text of a site. */
export function quoted(plugin: string): string {
  return `plugin ${JSON.stringify(plugin)}`
}

function pluginOf(site: string): string | null {
  const name = /^plugin ("(?:[^"\\]|\\.)*")/.exec(site)?.[1]
  return name === undefined ? null : (JSON.parse(name) as string)
}

function withSeparator(folder: string): string {
  return folder.endsWith(sep) ? folder : folder + sep
}
