import { BASIC_OPTIONS, checkBasic } from '../../auth/basic-options.ts'
import { defineFeature } from '../../config/feature.ts'

/**
 * `auth/basic`: an endpoint asks for name and password of a user. At the service it says which users those endpoints have
 * that name none. Specification: enterprise B2.
 */
export const basic = defineFeature({
  namespace: 'auth/basic',
  options: BASIC_OPTIONS,
  // Not empty: that would stand for the users of the service.
  whenInvalid: { options: { users: {} }, effect: 'every request is answered 401 here' },
  check: checkBasic,
  service: async (options, tools) => {
    const { openRealm } = await import('../../auth/basic-authentication.ts')
    return { provide: await openRealm(options, '', tools) }
  },
  endpoint: async (options, tools) => {
    const { makeBasicAuthentication } = await import('../../auth/basic-authentication.ts')
    return makeBasicAuthentication(options, tools)
  },
})
