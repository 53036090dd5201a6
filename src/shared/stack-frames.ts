import { fileURLToPath } from 'node:url'

/** Where a function was, in one line of a stack. */
export interface StackFrame {
  /** Empty at the top level of a module, and for functions without a name. */
  readonly name: string
  /** An absolute path, or `node:…` for Node's own code. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** Reads `error.stack`. Frames that lie in no file are left out. */
export function parseStack(stack: string | undefined): StackFrame[] {
  const frames: StackFrame[] = []
  for (const line of (stack ?? '').split('\n')) {
    const text = /^\s+at (?:async )?(.*)$/.exec(line)?.[1]
    if (text === undefined) continue
    const [, name = '', inner] = /^(.*?) \((.*)\)$/.exec(text) ?? []
    const [, place, row, column] = /^(.*):(\d+):(\d+)$/.exec(inner ?? text) ?? []
    if (place === undefined) continue
    frames.push({ name, file: pathOf(place), line: Number(row), column: Number(column) })
  }
  return frames
}

/** The path of a URL as stacks have it, without the query by which changed code is imported anew. */
export function pathOf(place: string): string {
  if (!place.startsWith('file:')) return place
  try {
    return fileURLToPath(place)
  } catch {
    return place
  }
}

/** As editors and terminals understand it: `answer (/plugins/a.ts:3:5)`. */
export function formatFrame({ name, file, line, column }: StackFrame): string {
  const place = `${file}:${line}:${column}`
  return name === '' ? place : `${name} (${place})`
}
