import { type Static, Type } from '../config/type.ts'
import type { Problem } from '../config/validate.ts'

/** Options of `auth/client-credentials`. */
export const CLIENT_CREDENTIALS_OPTIONS = Type.Object({
  client_id: Type.String({ description: 'who the gateway is to the token server', default: '' }),
  client_secret: Type.String({ description: 'its secret', default: '' }),
  token_url: Type.String({ description: 'where tokens are to be had', default: '' }),
  scopes: Type.String({ description: 'the scopes to ask for, with commas between them', default: '' }),
  endpoint_params: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'more fields of the form: each name with a list of values; `grant_type` replaces the usual one',
    default: {},
  }),
  is_disabled: Type.Boolean({ description: 'the backend is called without a token', default: false }),
})

export type ClientCredentialsOptions = Static<typeof CLIENT_CREDENTIALS_OPTIONS>

/** What no token can be had with, although the schema accepts it. */
export function checkClientCredentials(options: ClientCredentialsOptions): readonly Problem[] {
  if (options.is_disabled) return []
  const problems: Problem[] = []
  for (const key of ['client_id', 'token_url'] as const) {
    if (options[key] !== '') continue
    const message = `the required key "${key}" is missing or empty`
    problems.push({ code: 'CONFIG_MISSING_KEY', severity: 'error', path: [], message })
  }
  const fault = options.token_url === '' ? null : faultOf(options.token_url)
  if (fault !== null) problems.push(invalid(['token_url'], fault))
  if (Object.hasOwn(options.endpoint_params, 'scope')) {
    problems.push(invalid(['endpoint_params', 'scope'], '"scope" is sent already: write "scopes" beside "token_url"'))
  }
  return problems
}

/** The URL itself is not repeated: it may hold a secret. */
function faultOf(text: string): string | null {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'it is no URL of http or https'
  if (url.username !== '' || url.password !== '') return 'credentials belong into "client_id" and "client_secret"'
  return null
}

function invalid(path: readonly string[], message: string): Problem {
  return { code: 'CONFIG_INVALID_VALUE', severity: 'error', path, message }
}
