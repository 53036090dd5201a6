import type { Command } from './command.ts'
import { dispatch } from './dispatch.ts'
import { pluginBuild } from './plugin-build.ts'
import { pluginInit } from './plugin-init.ts'
import { pluginList } from './plugin-list.ts'
import { pluginTest } from './plugin-test.ts'

/** Every subcommand, in the order of the help; each is named `plugin NAME`. */
const COMMANDS: readonly Command[] = [pluginInit, pluginBuild, pluginTest, pluginList]

/** `loligo plugin COMMAND`: what helps those who write plugins or run them. */
export const plugin: Command = {
  name: 'plugin',
  aliases: [],
  summary: 'Work with plugins',
  flags: {},
  commands: COMMANDS,
  run: (args, terminal) => dispatch(COMMANDS, 'loligo plugin', args, terminal),
}
