import type { EndpointTools, ServiceTools } from '../config/feature.ts'
import type { Context } from '../pipes/context.ts'
import { HeaderList } from '../pipes/headers.ts'
import { type Handler, type HttpRequest, HttpResponse, type HttpStage } from '../pipes/http.ts'
import type { BasicOptions } from './basic-options.ts'
import { readHtpasswd, UsersError } from './htpasswd.ts'
import { onlyField } from './only-field.ts'
import { createPasswordChecker, type PasswordChecker, TooManyChecks } from './password-checker.ts'
import { createUsers, type Users } from './users.ts'

/** What a block of `auth/basic` stands for. */
export interface BasicRealm {
  readonly users: Users
  /** The value of `WWW-Authenticate`. */
  readonly challenge: string
}

const DEFAULT_REALM = 'Restricted'

/**
 * Opens the users of a block; places with the same block share them.
 * @param where the place of the block, for messages
 * @throws UsersError when the file cannot be used
 */
export function openRealm(options: BasicOptions, where: string, tools: ServiceTools): Promise<BasicRealm> {
  return tools.shared(`auth/basic ${JSON.stringify(options)}`, async () => {
    try {
      return await open(options, tools)
    } catch (cause) {
      if (!(cause instanceof UsersError)) throw cause
      throw new UsersError(`${where}extra_config."auth/basic": ${cause.message}`, { cause })
    }
  })
}

async function open({ htpasswd_path: path = '', users: own = {}, realm }: BasicOptions, tools: ServiceTools) {
  const hashes = new Map(path === '' ? [] : await readHtpasswd(path))
  for (const [user, hash] of Object.entries(own)) hashes.set(user, hash)
  const quoted = (realm || DEFAULT_REALM).replaceAll(/["\\]/g, '\\$&')
  const users = createUsers(hashes, openChecker(tools))
  return { users, challenge: `Basic realm="${quoted}", charset="UTF-8"` }
}

/** One thread for all users of a gateway. */
function openChecker({ shared, clock, onClose }: ServiceTools): PasswordChecker {
  return shared('auth/basic passwords', () => {
    const checker = createPasswordChecker(clock)
    onClose(() => checker.close())
    return checker
  })
}

/**
 * The stage of `auth/basic`: lets requests pass that carry name and password of a user (RFC 7617). Specification:
 * enterprise B2.
 */
export async function makeBasicAuthentication(options: BasicOptions, tools: EndpointTools): Promise<HttpStage> {
  const log = tools.logFor('BasicAuth')
  const inherits = Object.keys(options).length === 0
  const realm =
    (inherits ? tools.service<BasicRealm>('auth/basic') : undefined) ??
    (await openRealm(options, `${tools.endpoint.where}.`, tools))
  if (realm.users.size === 0) {
    const reason = inherits ? 'neither here nor at the service there are users' : 'there are no users'
    log.warning(`${reason}: every request is answered 401`)
  }
  return createGuard(realm, (error) => log.error(`a password could not be checked: ${String(error)}`))
}

const BASIC = /^basic +([A-Za-z0-9+/_-]+=*) *$/i
const MISSING = new Error('basic authentication: no credentials')
const WRONG = new Error('basic authentication: wrong credentials')
const BUSY = new Error('basic authentication: too many passwords are waiting to be checked')
const UNAVAILABLE = 503

function createGuard({ users, challenge }: BasicRealm, onFailure: (error: unknown) => void): HttpStage {
  const refuse = (error: Error, context: Context): Promise<HttpResponse> => {
    context.report(error)
    return Promise.resolve(new HttpResponse(401, new HeaderList(['Www-Authenticate', challenge])))
  }
  const unavailable = (error: unknown, context: Context): HttpResponse => {
    context.report(BUSY)
    if (!(error instanceof TooManyChecks)) onFailure(error)
    return new HttpResponse(UNAVAILABLE, new HeaderList(['Retry-After', '1']))
  }
  return (next) => {
    const later = async (check: Promise<boolean>, request: HttpRequest, context: Context) => {
      let right: boolean
      try {
        right = await check
      } catch (error) {
        return unavailable(error, context)
      }
      return right ? next(request, context) : refuse(WRONG, context)
    }
    const guard: Handler = (request, context) => {
      const field = onlyField(request.headers.raw, 'authorization')
      if (field === null) return refuse(MISSING, context)
      const pair = decode(field)
      const colon = pair.indexOf(':')
      if (colon === -1) return refuse(WRONG, context)
      const right = users.check(pair.slice(0, colon), pair.slice(colon + 1))
      if (right === true) return next(request, context)
      return right === false ? refuse(WRONG, context) : later(right, request, context)
    }
    return guard
  }
}

/** `user:password`; empty for what is no such field. */
function decode(field: string): string {
  const encoded = BASIC.exec(field)?.[1]
  return encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
}
