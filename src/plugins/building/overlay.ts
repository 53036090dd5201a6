import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { SourcePlace } from './inspection.ts'

/** Stock files of Go's library that must vanish for ours, if there are any: a list of paths below its folder. */
const REMOVED = 'removed.json'

/** Files that Go shall see in place of others, or of none: what is there by the path, empty for nothing. */
export class Overlay {
  readonly #files = new Map<string, string>()
  readonly #scratch: string
  #written = 0

  /** @param scratch a folder of ours */
  constructor(scratch: string) {
    this.#scratch = scratch
  }

  /** @param file one that is there; empty: the one at the path vanishes */
  replace(path: string, file: string): void {
    this.#files.set(path, file)
  }

  /** Lets Go see a text at a path. */
  write(path: string, text: string | Uint8Array): void {
    const file = join(this.#scratch, `${++this.#written}-${basename(path)}`)
    writeFileSync(file, text)
    this.replace(path, file)
  }

  /** Puts the sources below a folder to the same paths below another. */
  tree(from: string, to: string): void {
    if (!existsSync(from)) return
    for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.go') || entry.name.endsWith('_test.go')) continue
      const file = join(entry.parentPath, entry.name)
      this.replace(join(to, relative(from, file)), file)
    }
    const removed = join(from, REMOVED)
    if (!existsSync(removed)) return
    for (const path of JSON.parse(readFileSync(removed, 'utf8')) as string[]) this.replace(join(to, path), '')
  }

  /** The path at which Go was let see a file; any other file's own. */
  seenAt(file: string): string {
    for (const [path, behind] of this.#files) if (behind === file) return path
    return file
  }

  /** The arguments for a Go command. */
  flags(): readonly string[] {
    const file = join(this.#scratch, 'overlay.json')
    writeFileSync(file, JSON.stringify({ Replace: Object.fromEntries(this.#files) }))
    return ['-overlay', file]
  }
}

/** Adds the Go side of the gateway to Go's library: the bridge, and what replaces files of the library. */
export function addGatewayLibrary(overlay: Overlay, sources: string, library: string): void {
  overlay.tree(join(sources, 'bridge'), join(library, 'loligo/bridge'))
  overlay.tree(join(sources, 'std'), library)
}

/**
 * The plugin's own main function must not run, and the generated one takes its name: it becomes nameless. Lines stay the
 * same, so that what the compiler says of them is true.
 */
export function hideMain(overlay: Overlay, { file, offset }: SourcePlace): void {
  const text = readFileSync(file)
  overlay.write(
    file,
    Buffer.concat([text.subarray(0, offset), Buffer.from('_'), text.subarray(offset + 'main'.length)]),
  )
}

/** The fields of `bridge.Plugin`, and the variables whose addresses they take. */
const FIELDS = {
  Clients: 'ClientRegisterer',
  Handlers: 'HandlerRegisterer',
  Modifiers: 'ModifierRegisterer',
  Middlewares: 'MiddlewareRegisterer',
}

/** Adds the main function that runs the plugin inside the gateway. */
export function addMain(overlay: Overlay, folder: string, variables: ReadonlySet<string>, usesNetwork: boolean): void {
  const registerers = Object.entries(FIELDS).filter(([, name]) => variables.has(name))
  const fields = registerers.map(([field, name]) => `${field}: &${name}`)
  if (usesNetwork) fields.push('Network: bridge.ConfigureTransport')
  const text = fields.join(', ')
  overlay.write(
    freeName(folder),
    `package main\n\nimport "loligo/bridge"\n\nfunc main() { bridge.Run(bridge.Plugin{${text}}) }\n`,
  )
}

function freeName(folder: string): string {
  for (let count = 0; ; count++) {
    const path = join(folder, `zz_loligo${count === 0 ? '' : count}_main.go`)
    if (!existsSync(path)) return path
  }
}
