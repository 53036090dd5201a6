import { CLIENT_CREDENTIALS_OPTIONS, checkClientCredentials } from '../../auth/client-credentials-options.ts'
import { defineFeature } from '../../config/feature.ts'

/**
 * `auth/client-credentials`: calls a backend with a token that the gateway gets for itself (OAuth 2.0, client
 * credentials). Specification: traffic-security 12.
 */
export const clientCredentials = defineFeature({
  namespace: 'auth/client-credentials',
  options: CLIENT_CREDENTIALS_OPTIONS,
  whenInvalid: {
    options: { client_id: '', client_secret: '', token_url: '', scopes: '', endpoint_params: {}, is_disabled: false },
    effect: 'every call of this backend fails',
  },
  check: checkClientCredentials,
  transport: async (options, tools) => {
    if (options.is_disabled) return null
    const { makeClientCredentials } = await import('../../auth/client-credentials.ts')
    return makeClientCredentials(options, tools)
  },
})
