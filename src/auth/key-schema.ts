import { DEFAULT_CIPHER_SUITES } from '../config/cipher-suites.ts'
import { type Static, Type } from '../config/type.ts'

/** The options that say where keys come from, the same for all components that use keys. */
export const KEY_OPTIONS = {
  jwk_url: Type.Optional(Type.String({ description: 'URL of a JWK set' })),
  jwk_local_path: Type.Optional(
    Type.String({ description: 'file with a JWK set, read at the start; it counts in place of `jwk_url`' }),
  ),
  disable_jwk_security: Type.Optional(
    Type.Boolean({
      description: 'allow `jwk_url` to be plain HTTP, and do not verify its certificate: for development only',
      default: false,
    }),
  ),
  jwk_fingerprints: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'SHA-256 of the public keys (base64url with padding) of which a certificate of the server of `jwk_url` must have one',
    }),
  ),
  jwk_local_ca: Type.Optional(
    Type.String({ description: 'file with certificates (PEM) that count for `jwk_url` beside those of the system' }),
  ),
  cipher_suites: Type.Optional(
    Type.Array(Type.Integer(), {
      description: 'numbers of the cipher suites for `jwk_url`; those of TLS 1.3 are always there',
      default: DEFAULT_CIPHER_SUITES,
    }),
  ),
  secret_url: Type.Optional(
    Type.String({ description: 'what decrypts `cypher_key`: `base64key://` and 32 bytes in base64' }),
  ),
  cypher_key: Type.Optional(
    Type.String({ description: 'the encrypted passphrase (base64) of the file of `jwk_local_path`' }),
  ),
} as const

const KEY_SCHEMA = Type.Object(KEY_OPTIONS)
export type KeyOptions = Static<typeof KEY_SCHEMA>
