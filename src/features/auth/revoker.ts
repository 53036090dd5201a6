import { REVOKER_OPTIONS } from '../../auth/revoker-options.ts'
import { defineFeature } from '../../config/feature.ts'

/**
 * `auth/revoker`: values of claims that `auth/validator` refuses although the token is valid, in a Bloom filter.
 * Specification: traffic-security 11.
 */
export const revoker = defineFeature({
  namespace: 'auth/revoker',
  options: REVOKER_OPTIONS,
  service: async (options, tools) => {
    const { makeRevoker } = await import('../../auth/make-revoker.ts')
    return { provide: await makeRevoker(options, tools) }
  },
})
