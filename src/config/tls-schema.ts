import { DEFAULT_CIPHER_SUITES } from './cipher-suites.ts'
import { type Static, Type } from './type.ts'

const flag = (description: string) => Type.Optional(Type.Boolean({ description }))

const PROTOCOL = {
  min_version: Type.Optional(
    Type.String({ description: 'oldest version: TLS10, TLS11, TLS12 or TLS13; TLS13 when absent' }),
  ),
  max_version: Type.Optional(Type.String({ description: 'newest version; TLS13 when absent' })),
  cipher_suites: Type.Optional(
    Type.Array(Type.Integer(), {
      description: `numbers of the cipher suites of TLS 1.2 and older; ${DEFAULT_CIPHER_SUITES.join(', ')} when absent. Those of TLS 1.3 are always there`,
    }),
  ),
  curve_preferences: Type.Optional(
    Type.Array(Type.Integer(), {
      description: 'numbers of the groups for the key exchange: 23, 24, 25 (P-256, P-384, P-521), 29 (X25519)',
    }),
  ),
  disable_system_ca_pool: flag('trust the authorities of `ca_certs` alone'),
} as const

const authorities = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))

/** The root's `tls` object. */
export const TlsSchema = Type.Object(
  {
    disabled: flag('plain HTTP; no file is read'),
    keys: Type.Optional(
      Type.Array(
        Type.Object({
          public_key: Type.String({ description: 'PEM file with the certificate, and those above it' }),
          private_key: Type.String({ description: 'PEM file with its key' }),
        }),
        { description: 'certificates, chosen by the name that the client asks for; the first where none fits' },
      ),
    ),
    public_key: Type.Optional(Type.String({ description: 'PEM file of one more certificate; older form of `keys`' })),
    private_key: Type.Optional(Type.String({ description: 'PEM file with the key of `public_key`' })),
    ...PROTOCOL,
    prefer_server_cipher_suites: flag("accepted and without effect: the server's order always counts"),
    enable_mtls: flag('clients must show a certificate of one of the authorities'),
    ca_certs: authorities('PEM files with authorities of client certificates'),
  },
  { description: 'HTTPS of the server' },
)

/** `client_tls` of the service, and of `backend/http/client`. */
export const ClientTlsSchema = Type.Object(
  {
    allow_insecure_connections: flag('do not verify the certificates of backends: for development only'),
    ca_certs: authorities('PEM files with authorities that count beside the usual ones'),
    ...PROTOCOL,
    client_certs: Type.Optional(
      Type.Array(
        Type.Object({
          certificate: Type.String({ description: 'PEM file with the certificate, and those above it' }),
          private_key: Type.String({ description: 'PEM file with its key' }),
        }),
        { description: 'certificates for backends that ask for one, at most one of each kind of key' },
      ),
    ),
  },
  { description: 'TLS towards backends' },
)

export type TlsInput = Static<typeof TlsSchema>
export type ClientTlsInput = Static<typeof ClientTlsSchema>
