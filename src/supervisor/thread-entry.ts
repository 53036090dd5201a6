import { entryBeside } from '../shared/entry-beside.ts'

/** The file that a gateway thread runs. */
export function threadEntry(here: string = import.meta.url): URL {
  return entryBeside(here, './thread.ts')
}
