import type { SharedKeyCache } from '../../auth/make-validator.ts'
import { checkValidator } from '../../auth/validator-doubts.ts'
import { VALIDATOR_OPTIONS } from '../../auth/validator-options.ts'
import { defineFeature } from '../../config/feature.ts'

const DEFAULT_SHARED_SECONDS = 900

/**
 * `auth/validator`: requests must carry a signed token (JWT) whose claims the endpoint accepts. At the service it says
 * how long all endpoints may keep downloaded keys. Specification: traffic-security 9.
 */
export const validator = defineFeature({
  namespace: 'auth/validator',
  options: VALIDATOR_OPTIONS,
  whenInvalid: { options: {}, effect: 'every request is answered 401 here' },
  check: checkValidator,
  service: ({ shared_cache_duration: seconds = DEFAULT_SHARED_SECONDS }) => ({
    provide: { lifetimeMs: seconds * 1000 } satisfies SharedKeyCache,
  }),
  endpoint: async (options, tools) => {
    const { makeValidator } = await import('../../auth/make-validator.ts')
    return makeValidator(options, tools)
  },
})
