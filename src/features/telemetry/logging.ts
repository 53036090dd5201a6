import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'

/**
 * The application log's level, format and place (specification: operations 4.1). It stands in no room: the log is set
 * up before the gateway is built.
 */
export const logging = defineFeature({
  namespace: 'telemetry/logging',
  options: Type.Object({
    level: Type.String({ description: 'DEBUG, INFO, WARNING, ERROR or CRITICAL: less than this is dropped' }),
    prefix: Type.Optional(Type.String({ description: 'Text before each line of the format "default"' })),
    stdout: Type.Optional(Type.Boolean({ description: 'Write to standard output', default: false })),
    syslog: Type.Optional(Type.Boolean({ description: 'Write to the local syslog', default: false })),
    format: Type.Optional(Type.String({ description: 'default, logstash or custom', default: 'default' })),
  }),
})
