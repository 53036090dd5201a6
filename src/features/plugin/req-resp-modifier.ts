import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { hostOf } from '../../plugins/host.ts'
import { placeOf } from '../../plugins/place.ts'

/** Modifiers of the request to the backends and of the data that comes back (specification: plugins 4). */
export const modifierPlugins = defineFeature({
  namespace: 'plugin/req-resp-modifier',
  options: Type.Object(
    {
      // A lone text is let through here, else it would be taken for a list of one; the reference ignores it.
      name: Type.Union([Type.Array(Type.String()), Type.String()], {
        description: 'A list of names of modifiers, in the order in which they run.',
      }),
    },
    { additionalProperties: true, description: 'Beside `name`: the options of each plugin under its name.' },
  ),
  proxy: (options, tools) => hostOf(tools).modifier(options, placeOf('modifier', tools.config, tools.endpoint)),
  backend: (options, tools) =>
    hostOf(tools).modifier(options, placeOf('modifier', tools.config, tools.endpoint, tools.backend)),
})
