import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { fileProblem, type PluginProblem } from '../problem.ts'

/** Says why a module could not be imported: what Node found, on which line, and what its author can do. */
export function explainImportFailure(file: string, error: unknown): PluginProblem {
  if (!(error instanceof Error)) {
    return fileProblem(
      BROKEN,
      file,
      `threw ${inspect(error)} while it was loaded`,
      'throw Error objects, and only for real failures',
    )
  }
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return syntaxProblem(file, error, UNSUPPORTED)
    case 'ERR_INVALID_TYPESCRIPT_SYNTAX':
      return syntaxProblem(file, error, 'correct the syntax')
    case 'ERR_MODULE_NOT_FOUND':
    case 'MODULE_NOT_FOUND':
      return missingModule(file, error)
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return fileProblem(
        BROKEN,
        file,
        error.message,
        'packages below node_modules must ship JavaScript; copy the file elsewhere',
      )
  }
  if (error instanceof SyntaxError) return linkOrSyntaxProblem(file, error)
  const line = lineInFile(error.stack, file)
  if (error instanceof TypeError && error.message.startsWith('definePlugin ')) {
    return fileProblem(BROKEN, file, `${error.message}${atLine(line)}`, 'correct the definition of the plugin')
  }
  const message = `threw while it was loaded${atLine(line)}: ${error.name}: ${error.message}`
  return fileProblem(BROKEN, file, message, 'mend the code outside of functions, or move it into the factory')
}

const BROKEN = 'PLUGIN_FILE_BROKEN'

const UNSUPPORTED =
  'types are stripped, not compiled: write a const object for an enum, a module for a namespace, and fields for parameter properties'

function syntaxProblem(file: string, error: Error, remedy: string): PluginProblem {
  const line = /:(\d+)\n/.exec(error.stack ?? '')?.[1]
  const culprit = /^(.+):\d+\n/.exec(error.stack ?? '')?.[1]
  const elsewhere = culprit !== undefined && culprit !== file && !culprit.startsWith('file:') ? ` in ${culprit}` : ''
  return fileProblem(BROKEN, file, `syntax error${elsewhere}${atLine(line)}: ${error.message}`, remedy)
}

/** Node tells no line for syntax errors of plain JavaScript, so the file is parsed once more by what strips types. */
function linkOrSyntaxProblem(file: string, error: SyntaxError): PluginProblem {
  if (error.message.includes('does not provide an export named')) {
    const line = /:(\d+)\n/.exec(error.stack ?? '')?.[1]
    return fileProblem(
      BROKEN,
      file,
      `${error.message}${atLine(line)}`,
      'correct the name; a type is imported with `import type`',
    )
  }
  try {
    stripTypeScriptTypes(readFileSync(file, 'utf8'), { sourceUrl: file })
  } catch (located) {
    if (located instanceof Error) return syntaxProblem(file, located, 'correct the syntax')
  }
  return fileProblem(
    BROKEN,
    file,
    `syntax error: ${error.message}`,
    'correct the syntax here or in a module that it imports',
  )
}

function missingModule(file: string, error: Error): PluginProblem {
  const [, what = '', wanted = '', from = ''] =
    /^Cannot find (package|module) '([^']*)' imported from (.*)$/.exec(error.message) ?? []
  if (what === '') return fileProblem(BROKEN, file, error.message, 'install or write the missing module')
  const importer = from === file ? '' : ` (imported by ${from})`
  const remedy =
    what === 'package'
      ? `run \`npm install ${packageName(wanted)}\` in the plugin's folder or above it`
      : 'correct the path; relative imports need the file’s extension'
  return fileProblem(BROKEN, file, `imports the ${what} '${wanted}', which is not there${importer}`, remedy)
}

/** `name` of `name/sub/path`, `@scope/name` of `@scope/name/sub/path`. */
function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** The line of the first frame that lies in the file. */
export function lineInFile(stack: string | undefined, file: string): string | undefined {
  if (stack === undefined) return undefined
  const url = pathToFileURL(file).href
  for (const frame of stack.split('\n')) {
    const start = frame.indexOf(url) !== -1 ? frame.indexOf(url) + url.length : frame.indexOf(file) + file.length
    if (start < file.length) continue
    const line = /^(?:\?[^:]*)?:(\d+)/.exec(frame.slice(start))?.[1]
    if (line !== undefined) return line
  }
  return undefined
}

function atLine(line: string | undefined): string {
  return line === undefined ? '' : ` at line ${line}`
}
