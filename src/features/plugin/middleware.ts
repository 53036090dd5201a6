import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { hostOf } from '../../plugins/host.ts'
import { placeOf } from '../../plugins/place.ts'

/** Middlewares: they stand around the calls of an endpoint or of a backend (specification: enterprise C1). */
export const middlewarePlugins = defineFeature({
  namespace: 'plugin/middleware',
  options: Type.Object(
    {
      name: Type.Union([Type.Array(Type.String()), Type.String()], {
        description: 'A list of names of middlewares; the first is outermost.',
      }),
    },
    { additionalProperties: true, description: 'Beside `name`: the options of each plugin under its name.' },
  ),
  proxy: (options, tools) => hostOf(tools).middleware(options, placeOf('middleware', tools.config, tools.endpoint)),
  backend: (options, tools) =>
    hostOf(tools).middleware(options, placeOf('middleware', tools.config, tools.endpoint, tools.backend)),
})
