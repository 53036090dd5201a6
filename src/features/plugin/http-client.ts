import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { hostOf } from '../../plugins/host.ts'
import { placeOf } from '../../plugins/place.ts'

/** Client plugins: they stand around the HTTP client of a backend, or take its place (specification: plugins 5). */
export const clientPlugins = defineFeature({
  namespace: 'plugin/http-client',
  options: Type.Object(
    {
      name: Type.Union([Type.Array(Type.String()), Type.String()], {
        description: 'Name of a client plugin, or a list of names; the first is outermost.',
      }),
    },
    { additionalProperties: true, description: 'Beside `name`: the options of each plugin under its name.' },
  ),
  transport: (options, tools) =>
    hostOf(tools).client(options, placeOf('client', tools.config, tools.endpoint, tools.backend)),
})
