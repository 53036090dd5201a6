import {
  type DataValue,
  definePlugin,
  ExactNumber,
  type PluginContext,
  type ProxyRequest,
  type ProxyResponse,
  type Static,
  Type,
} from 'loligo/plugin'

/** What is hidden below a value: null stands for all of a field, a tree for a part of it. */
type Fields = ReadonlyMap<string, Fields | null>
type Tree = Map<string, Tree | null>

/** How many combinations of roles are kept ready; further ones are put together for each request. */
const MAX_PLANS = 256

const field = Type.String({ pattern: '^[^.]+(\\.[^.]+)*$' })
const options = Type.Object({
  roles: Type.Record(Type.String(), Type.Array(field), { description: 'The fields that are hidden from each role' }),
  otherwise: Type.Array(field, { default: [], description: 'Further fields that only a known role may see' }),
  store: Type.String({ default: 'roles', description: 'Where the request store has the roles, dotted' }),
  header: Type.Optional(
    Type.String({ minLength: 1, description: 'A header that has the roles, in place of the store' }),
  ),
  mode: Type.Enum(['mask', 'remove'], { default: 'mask', description: 'What is done to a field' }),
  mask: Type.String({ default: '***', description: 'What stands in its place' }),
})

/**
 * Hides fields of the data from those whose role may not see them. It is a modifier for backends, and a middleware for
 * endpoints and backends.
 */
export const maskByRole = definePlugin({
  name: 'mask-by-role',
  version: '1.0.0',
  options,

  modifier: (given, { config }) => {
    // At an endpoint modifiers are passed over when one of several backends failed: the rest would go out unmasked.
    if (config.backend === null) throw new Error('at an endpoint, name it in "plugin/middleware"')
    return { response: createMask(given) }
  },

  middleware: (given) => {
    const mask = createMask(given)
    return (next) => async (request, context) => {
      const response = await next(request, context)
      mask(response, request, context)
      return response
    }
  },
})

function createMask(
  given: Static<typeof options>,
): (response: ProxyResponse, request: ProxyRequest, context: PluginContext) => void {
  const planFor = createPlans(given)
  const mask = given.mode === 'mask' ? given.mask : null
  const { header } = given
  const fromStore = storeReader(given.store)
  return (response, request, context) => {
    // The upstream's body as it came, with no-op: there is no data to look into, so nothing may go out.
    if (response.answer === null && response.status !== 0) throw new Error('there is no data to mask with "no-op"')
    const roles = header === undefined ? fromStore(context) : request.headers.get(header)
    hide(response.data, planFor(toNames(roles)), mask)
  }
}

/** What is hidden from somebody with several roles is what every one of them hides; without a known role all is. */
function createPlans({ roles, otherwise }: Static<typeof options>): (names: readonly string[]) => Fields {
  const hidden = new Map(Object.entries(roles).map(([name, fields]) => [name, toFields(fields)]))
  const everything = toFields([...Object.values(roles).flat(), ...otherwise])
  const plans = new Map<string, Fields>()
  return (names) => {
    const known = [...hidden.keys()].filter((name) => names.includes(name))
    const key = known.join('\n')
    let plan = plans.get(key)
    if (plan === undefined) {
      const [first = everything, ...others] = known.map((name) => hidden.get(name) ?? everything)
      plan = others.reduce(intersect, first)
      if (plans.size < MAX_PLANS) plans.set(key, plan)
    }
    return plan
  }
}

function toFields(paths: readonly string[]): Fields {
  const root: Tree = new Map()
  for (const path of paths) add(root, path.split('.'))
  return root
}

function add(level: Tree, [key = '', ...deeper]: readonly string[]): void {
  const below = level.get(key)
  if (deeper.length === 0 || below === null) level.set(key, null)
  else {
    const next: Tree = below ?? new Map()
    level.set(key, next)
    add(next, deeper)
  }
}

function intersect(one: Fields, other: Fields): Fields {
  const both = new Map<string, Fields | null>()
  for (const [key, below] of one) {
    const there = other.get(key)
    if (there === undefined) continue
    both.set(key, below === null ? there : there === null ? below : intersect(below, there))
  }
  return both
}

/** Walks into objects, and through lists as if they were not there. */
function hide(value: DataValue, fields: Fields, mask: string | null): void {
  if (Array.isArray(value)) for (const item of value) hide(item, fields, mask)
  else if (typeof value === 'object' && value !== null && !(value instanceof ExactNumber)) {
    for (const [key, below] of fields) {
      if (!Object.hasOwn(value, key)) continue
      if (below !== null) hide(value[key] ?? null, below, mask)
      else if (mask === null) delete value[key]
      else value[key] = mask
    }
  }
}

/** `claims.realm.roles` is the member `roles` of the member `realm` of what the store has under `claims`. */
function storeReader(path: string): (context: PluginContext) => unknown {
  const [name = '', ...keys] = path.split('.')
  return ({ store }) => {
    let value = store.get(name)
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Readonly<Record<string, unknown>>)[key]
    }
    return value
  }
}

/** A list of names, or a text with commas or spaces between them. */
function toNames(roles: unknown): readonly string[] {
  if (Array.isArray(roles)) return roles.filter((role) => typeof role === 'string')
  return typeof roles === 'string' ? roles.split(/[\s,]+/) : []
}
