import { descriptorFunctions } from './descriptor-functions.ts'
import { FileGrants } from './file-grants.ts'
import { openRootFolder } from './folder-descriptor.ts'
import { GrantedFiles } from './granted-files.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { pathFunctions } from './path-functions.ts'
import { ALL_FILES } from './paths.ts'

export { openStandardStreams, type StandardOutput } from './standard-streams.ts'

/**
 * The functions of WASI preview 1 that work on descriptors and files. Files are those of the machine, as a native program
 * sees them, or what of them is granted. Two things are lost on the way, for WASI does not know them: the mode that a file
 * is made with and the one that it has. The root folder is opened as descriptor 3.
 */
export function fileImports(system: GuestSystem): Imports {
  openRootFolder(system.descriptors)
  const { files } = system.permissions
  const access = files === null ? ALL_FILES : new GrantedFiles(new FileGrants(files), system.denied)
  return { ...descriptorFunctions(system), ...pathFunctions(system, access) }
}
