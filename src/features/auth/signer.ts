import { SIGNER_OPTIONS } from '../../auth/signer-options.ts'
import { defineFeature } from '../../config/feature.ts'

/**
 * `auth/signer`: objects of the response become signed tokens, so that a login backend needs no keys. Rate limits,
 * scripts and the output encoding of the endpoint work as on others. Specification: traffic-security 10.
 */
export const signer = defineFeature({
  namespace: 'auth/signer',
  options: SIGNER_OPTIONS,
  whenInvalid: { options: {}, effect: 'every request is answered 401 here' },
  endpoint: async (options, tools) => {
    const { makeSigner } = await import('../../auth/make-signer.ts')
    return (await makeSigner(options, tools)).endpoint
  },
  proxy: async (options, tools) => {
    const { makeSigner } = await import('../../auth/make-signer.ts')
    return (await makeSigner(options, tools)).proxy
  },
})
