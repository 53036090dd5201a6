import { relative, resolve } from 'node:path'
import type { SourcePlace } from './inspection.ts'
import type { Overlay } from './overlay.ts'

/** A path as people type it: from the working directory where that is shorter. */
export function shownPath(path: string): string {
  const fromHere = relative('.', path) || '.'
  return fromHere.length < path.length ? fromHere : path
}

/** A place in the sources, with its line. */
export function shownPlace({ file, line }: SourcePlace): string {
  return `${shownPath(file)}:${line}`
}

const PLACE = /^(\s*)([^\s:]+\.(?:go|mod|sum|work))(?=:\d+)/gm

/** What Go says in a folder, with paths as they are from the working directory, and as the author knows them. */
export function fromHere(output: string, folder: string, overlay: Overlay): string {
  return output.replaceAll(PLACE, (_, space: string, path: string) => {
    return space + shownPath(overlay.seenAt(resolve(folder, path)))
  })
}
