import { writeVar } from '../runtimes/go/limited-module.ts'
import { type PluginSection, SECTION_NAME } from '../runtimes/go/plugin-section.ts'

const CUSTOM = 0

/** The code of a module with what the builder notes about it behind it. */
export function appendPluginSection(module: Uint8Array, section: PluginSection): Uint8Array {
  const name = Buffer.from(SECTION_NAME)
  const content = Buffer.concat([Buffer.from(writeVar(name.length)), name, Buffer.from(JSON.stringify(section))])
  return Buffer.concat([module, Uint8Array.of(CUSTOM, ...writeVar(content.length)), content])
}
