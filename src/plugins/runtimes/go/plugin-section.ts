import { open } from 'node:fs/promises'
import { readVar } from './limited-module.ts'

/** The name of the custom section that `loligo plugin build` writes. */
export const SECTION_NAME = 'loligo.plugin'

const CUSTOM = 0
/**
 * What the builder and the gateway have agreed on: the section, the functions that a guest imports, and the frames of
 * `go/bridge`. All of a format stays as it is, so that a plugin that was built once runs with every later gateway.
 */
export const FORMAT = 1
const MAGIC = Buffer.from('\0asm\x01\0\0\0', 'latin1')

/** What the builder notes about a plugin. */
export interface PluginSection {
  /** Higher ones are of builders that came after this gateway. */
  readonly format: number
  /** The name of the folder with its sources. */
  readonly name: string
  /** `server`, `modifier`, `middleware`, `client`, `martian`. */
  readonly kinds: readonly string[]
  /** SHA-256 over the author's sources. */
  readonly sourceHash: string
  /** As Go writes it: `go1.26.8`. */
  readonly goVersion: string
  /** The path of its Go module. */
  readonly module: string
  /** The version of the builder. */
  readonly builtWith: string
  /** What the sources were seen to use; `(computed)` stands for names that are only known when the plugin runs. */
  readonly uses: {
    readonly hosts: readonly string[]
    readonly env: readonly string[]
    readonly files: readonly string[]
    /** Programs; starting one fails in WebAssembly. */
    readonly exec: readonly string[]
  }
}

/** Reads the custom section of a plugin without compiling it; null when the bytes are no plugin of the builder. */
export function readPluginSection(bytes: Uint8Array): PluginSection | null {
  if (!MAGIC.equals(bytes.subarray(0, MAGIC.length))) return null
  try {
    for (let at = MAGIC.length; at < bytes.length; ) {
      const size = readVar(bytes, at + 1)
      const end = size.end + size.value
      if (bytes[at] === CUSTOM && end <= bytes.length) {
        const length = readVar(bytes, size.end)
        const body = length.end + length.value
        if (isOurs(bytes.subarray(size.end, end))) return parse(textOf(bytes.subarray(body, end)))
      }
      at = end
    }
  } catch {
    return null // cut off, or not ours
  }
  return null
}

/** The longest head of a section that is looked at: its number, its size, and the name of a custom one. */
const HEAD_BYTES = 64

/** As `readPluginSection`, for a file of which no more is read than need be: they are large. */
export async function readPluginSectionOf(file: string): Promise<PluginSection | null> {
  const opened = await open(file)
  try {
    const { size: length } = await opened.stat()
    const read = async (at: number, bytes: number): Promise<Buffer> => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(bytes, length - at)))
      await opened.read(buffer, 0, buffer.length, at)
      return buffer
    }
    const magic = await read(0, MAGIC.length)
    for (let at = MAGIC.length; at < length; ) {
      const head = await read(at, HEAD_BYTES)
      const size = readVar(head, 1)
      const end = at + size.end + size.value
      if (head[0] === CUSTOM && end <= length && isOurs(head.subarray(size.end))) {
        const found = readPluginSection(Buffer.concat([magic, await read(at, end - at)]))
        if (found !== null) return found
      }
      at = end
    }
    return null
  } catch (error) {
    if (error instanceof RangeError) return null // cut off, or no WebAssembly
    throw error
  } finally {
    await opened.close()
  }
}

/** @param section the beginning of a custom section, which is its name */
function isOurs(section: Uint8Array): boolean {
  const length = readVar(section, 0)
  return textOf(section.subarray(length.end, length.end + length.value)) === SECTION_NAME
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function parse(text: string): PluginSection | null {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('format' in value)) return null
  if (typeof value.format !== 'number' || value.format < 1) return null
  const section = value as PluginSection
  return { ...section, uses: { ...NOTHING, ...section.uses } }
}

const NOTHING: PluginSection['uses'] = { hosts: [], env: [], files: [], exec: [] }
