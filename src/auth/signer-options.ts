import { type Static, Type } from '../config/type.ts'
import { ALGORITHMS } from './algorithms.ts'
import { KEY_OPTIONS } from './key-schema.ts'

/** `auth/signer`. */
export const SIGNER_OPTIONS = Type.Object({
  alg: Type.Optional(Type.Enum(ALGORITHMS, { description: 'the algorithm to sign with' })),
  kid: Type.Optional(Type.String({ description: 'the `kid` of the private or symmetric key in the set' })),
  keys_to_sign: Type.Optional(
    Type.Array(Type.String(), { description: 'fields of the response whose objects become tokens' }),
  ),
  full: Type.Optional(
    Type.Boolean({ description: 'write tokens as JSON instead of in the compact form', default: false }),
  ),
  typ: Type.Optional(Type.String({ description: '`typ` in the header of the tokens', default: 'JWT' })),
  ...KEY_OPTIONS,
})

export type SignerOptions = Static<typeof SIGNER_OPTIONS>
