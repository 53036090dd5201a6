import { defineFeature } from '../../config/feature.ts'
import { type Static, Type } from '../../config/type.ts'
import type { Problem } from '../../config/validate.ts'
import { HeaderList } from '../../pipes/headers.ts'
import type { SecurityRules } from '../../security/security-headers.ts'

const flag = (description: string) => Type.Boolean({ description, default: false })

const SECURITY_OPTIONS = Type.Object({
  allowed_hosts: Type.Array(Type.String(), {
    description: 'hosts that requests may be for, with their port where `Host` has one; an empty list takes all',
    default: [],
  }),
  allowed_hosts_are_regex: flag('the hosts are regular expressions (RE2), each for the whole of a host'),
  host_proxy_headers: Type.Array(Type.String(), {
    description: 'header fields of a proxy that name the host; the first that is not empty counts in place of `Host`',
    default: [],
  }),
  bad_host_status: Type.Enum([500, 403, 421], {
    description: 'status of the answer to a request for another host',
    default: 500,
  }),
  ssl_redirect: flag('send plain requests to HTTPS'),
  ssl_host: Type.String({
    description: 'the host that they are sent to, in place of the one they are for',
    default: '',
  }),
  ssl_redirect_status: Type.Enum([301, 302, 307, 308], {
    description: 'status of the redirect; clients keep method and body with 307 and 308',
    default: 301,
  }),
  ssl_proxy_headers: Type.Record(Type.String(), Type.String(), {
    description: 'header fields, and the values by which a proxy tells that a request came by TLS',
    default: {},
  }),
  sts_seconds: Type.Integer({
    description: 'how long browsers shall use HTTPS alone (`Strict-Transport-Security`); 0: the field is not sent',
    default: 0,
  }),
  sts_include_subdomains: flag('subdomains too'),
  force_sts_header: flag('send the field with answers to plain requests too'),
  frame_deny: flag('`X-Frame-Options: DENY`: no page may show answers in a frame'),
  custom_frame_options_value: Type.String({ description: 'another value of `X-Frame-Options`', default: '' }),
  content_type_nosniff: flag('`X-Content-Type-Options: nosniff`: browsers do not guess types'),
  browser_xss_filter: flag('`X-XSS-Protection: 1; mode=block`, for old browsers'),
  content_security_policy: Type.String({
    description: '`Content-Security-Policy`; `$NONCE` becomes a new one for each answer',
    default: '',
  }),
  referrer_policy: Type.String({ description: '`Referrer-Policy`', default: '' }),
  is_development: flag('no check of hosts, no redirect, no `Strict-Transport-Security`'),
  hpkp_public_key: Type.Optional(
    Type.Unknown({ description: 'accepted without effect: browsers have dropped key pinning' }),
  ),
})

type SecurityOptions = Static<typeof SECURITY_OPTIONS>

/** `security/http`: which hosts are served, redirects to HTTPS, and fields that make browsers careful. Specification: traffic-security 7. */
export const securityHttp = defineFeature({
  namespace: 'security/http',
  options: SECURITY_OPTIONS,
  wrongOptions: 'ignored',
  check: checkSecurity,
  router: async (options, { log }) => {
    const { createSecurityHeaders } = await import('../../security/security-headers.ts')
    const { compileAllowedHosts } = await import('../../security/allowed-hosts.ts')
    const { is_development: inDevelopment, allowed_hosts: hosts } = options
    if (inDevelopment) log.warning('security/http: is_development is set, so hosts and TLS are not checked')
    const checksHosts = !inDevelopment && hosts.length > 0
    const where = 'extra_config."security/http".allowed_hosts'
    const isAllowedHost = checksHosts
      ? await compileAllowedHosts(hosts, options.allowed_hosts_are_regex).catch((error: Error) => {
          throw new Error(`${where}: ${error.message}`, { cause: error })
        })
      : null
    const { ssl_redirect: redirects, ssl_host: host, ssl_redirect_status: status, ssl_proxy_headers: tls } = options
    if (redirects && !inDevelopment && Object.keys(tls).length === 0) {
      log.warning(
        'security/http: without ssl_proxy_headers ssl_redirect redirects every plain request; behind a proxy that takes TLS off, for ever',
      )
    }
    return createSecurityHeaders({
      isAllowedHost,
      badHostStatus: options.bad_host_status,
      hostFields: options.host_proxy_headers,
      redirect: redirects && !inDevelopment ? { host, status } : null,
      tlsFields: Object.entries(tls),
      transportSecurity: inDevelopment ? '' : transportSecurity(options),
      always: options.force_sts_header,
      fields: fieldsOf(options),
      contentPolicy: options.content_security_policy,
    })
  },
})

function transportSecurity({ sts_seconds: seconds, sts_include_subdomains: subdomains }: SecurityOptions): string {
  return seconds > 0 ? `max-age=${seconds}${subdomains ? '; includeSubDomains' : ''}` : ''
}

function fieldsOf(options: SecurityOptions): SecurityRules['fields'] {
  const raw: string[] = []
  const frames = options.custom_frame_options_value || (options.frame_deny ? 'DENY' : '')
  if (frames !== '') raw.push('X-Frame-Options', frames)
  if (options.content_type_nosniff) raw.push('X-Content-Type-Options', 'nosniff')
  if (options.browser_xss_filter) raw.push('X-XSS-Protection', '1; mode=block')
  if (options.referrer_policy !== '') raw.push('Referrer-Policy', options.referrer_policy)
  return raw
}

/** Texts that cannot be sent as the value of a header field would fail every answer. */
function checkSecurity(options: SecurityOptions): readonly Problem[] {
  const problems: Problem[] = []
  for (const key of ['custom_frame_options_value', 'content_security_policy', 'referrer_policy', 'ssl_host'] as const) {
    try {
      new HeaderList().append('X-Checked', options[key])
    } catch {
      const message = 'it cannot be sent as the value of a header field'
      problems.push({ code: 'CONFIG_INVALID_VALUE', severity: 'error', path: [key], message })
    }
  }
  if (options.hpkp_public_key !== undefined) {
    const message = '"hpkp_public_key" is accepted and has no effect: browsers have dropped key pinning'
    problems.push({ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: ['hpkp_public_key'], message })
  }
  return problems
}
