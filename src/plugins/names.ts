import { configProblem, type PluginProblem } from './problem.ts'

/** The names in a namespace's `name`, and what is wrong with it. */
export interface Names {
  readonly names: readonly string[]
  readonly problems: readonly PluginProblem[]
}

/**
 * Reads `name`. What the reference passes over without a word (no name at all, items that are no text, a lone text where
 * only a list counts) is a problem here, and adds no name.
 * @param loneText whether a text that is no list counts as a list of one (specification: plugins 1)
 */
export function readNames(block: Readonly<Record<string, unknown>>, where: string, loneText: boolean): Names {
  const { name } = block
  const place = `${where}.name`
  if (Array.isArray(name)) return readList(name, place)
  if (typeof name === 'string') {
    if (loneText) return { names: [name], problems: [] }
    return without(
      configProblem(
        'PLUGIN_NAME_MALFORMED',
        place,
        `is the text "${name}", and only a list counts here`,
        `write ["${name}"]`,
      ),
    )
  }
  if (name === undefined)
    return without(configProblem('PLUGIN_NAME_MALFORMED', place, 'is missing, so no plugin is named', LIST))
  return without(configProblem('PLUGIN_NAME_MALFORMED', place, 'is no list of names', LIST))
}

const LIST = 'write a list: "name": ["…"]'

function readList(items: readonly unknown[], place: string): Names {
  const names: string[] = []
  const problems: PluginProblem[] = []
  for (const [index, item] of items.entries()) {
    if (typeof item === 'string') names.push(item)
    else
      problems.push(
        configProblem(
          'PLUGIN_NAME_MALFORMED',
          `${place}[${index}]`,
          'is no text',
          'write the name of a plugin, or take it out',
        ),
      )
  }
  return { names, problems }
}

function without(problem: PluginProblem): Names {
  return { names: [], problems: [problem] }
}
