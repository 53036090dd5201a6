import type { Problem } from '../config/validate.ts'
import type { ValidatorOptions } from './validator-options.ts'

const MATCHERS = ['any', 'all']

/** What the reference leaves unguarded without a word although the options ask for it. */
export function unguardedBy(options: ValidatorOptions): readonly string[] {
  const { scopes = [], scopes_key: key = '', scopes_matcher: matcher = 'any' } = options
  const found: string[] = []
  if (scopes.length > 0 && key === '')
    found.push('scopes are not checked without scopes_key, the claim that holds them')
  if (!MATCHERS.includes(matcher)) found.push(`scopes_matcher ${JSON.stringify(matcher)} is taken for "any"`)
  return found
}

/** Options that are accepted and check less than they seem to. */
export function checkValidator(options: ValidatorOptions): readonly Problem[] {
  const problems: Problem[] = []
  const tell = (key: keyof ValidatorOptions, message: string): void => {
    problems.push({ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: [key], message })
  }
  if (options.issuer === '') tell('issuer', 'it is empty, so tokens of every issuer are taken')
  for (const key of ['audience', 'roles', 'scopes', 'required_claims'] as const) {
    if (options[key]?.length === 0) tell(key, 'the list is empty, so nothing of it is checked')
  }
  const { jwk_url: url = '', jwk_local_path: path = '', jwk_fingerprints: fingerprints = [] } = options
  if (fingerprints.length > 0 && path !== '')
    tell('jwk_fingerprints', 'the keys come from a file, which has no certificate')
  if (path === '' && url.startsWith('https://') && options.disable_jwk_security === true) {
    tell('jwk_url', 'with "disable_jwk_security" its certificate is not verified: anybody on the way can put in keys')
  }
  return problems
}
