import { fileURLToPath } from 'node:url'

/**
 * The folder with the Go side of plugins (`bridge`, `std`, `martian`, `inspect`): in a checkout the one beside `src`, in
 * a package the one beside `dist`.
 */
export function goSourcesFolder(here: string = import.meta.url): string {
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../../../go' : '../go', here))
}
