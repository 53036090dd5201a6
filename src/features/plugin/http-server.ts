import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { hostOf } from '../../plugins/host.ts'
import { placeOf } from '../../plugins/place.ts'

/**
 * Server plugins: around the router, where they see every request before it is routed (specification: plugins 3), or
 * around one endpoint, before its allow-lists.
 */
export const httpServerPlugins = defineFeature({
  namespace: 'plugin/http-server',
  options: Type.Object(
    {
      name: Type.Union([Type.Array(Type.String()), Type.String()], {
        description: 'Names of server plugins. Each stands around those before it, so the last one is outermost.',
      }),
    },
    { additionalProperties: true, description: 'Beside `name`: the options of each plugin under its name.' },
  ),
  server: (options, tools) => hostOf(tools).server(options, placeOf('server', tools.config)),
  endpoint: (options, tools) => hostOf(tools).server(options, placeOf('server', tools.config, tools.endpoint)),
})
