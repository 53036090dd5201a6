import { PRODUCT, REFERENCE_VERSION, VERSION } from '../product.ts'
import type { Command } from './command.ts'
import { HELP_FLAG, unusedArguments } from './command.ts'
import { parseFlags } from './flags.ts'
import { commandHelp } from './help.ts'

/** `loligo version`: the versions of the program, of Node, and of the reference that is followed. */
export const version: Command = {
  name: 'version',
  aliases: [],
  summary: 'Show the versions of the gateway and of what it runs on',
  flags: {},
  async run(args, { out, err }) {
    const { flags, rest } = parseFlags(HELP_FLAG, args)
    if (flags.help) {
      out(commandHelp(version))
      return 0
    }
    err(unusedArguments(rest))
    err(`${PRODUCT} Version: ${VERSION}\n`)
    err(`Node Version: ${process.versions.node}\n`)
    err(`Compatible KrakenD Version: ${REFERENCE_VERSION}\n`)
    return 0
  },
}
