import { type PluginSection, SECTION_NAME } from '../runtimes/go/plugin-section.ts'

const CUSTOM = 0

/** The code of a module with what the builder notes about it behind it. */
export function appendPluginSection(module: Uint8Array, section: PluginSection): Uint8Array {
  const name = Buffer.from(SECTION_NAME)
  const content = Buffer.concat([lengthOf(name), name, Buffer.from(JSON.stringify(section))])
  return Buffer.concat([module, Uint8Array.of(CUSTOM), lengthOf(content), content])
}

/** In as many bytes of seven bits as it needs. */
function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes: number[] = []
  let rest = length
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Uint8Array.from([...bytes, rest])
}
