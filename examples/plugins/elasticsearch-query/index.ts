import { definePlugin, type ModifierRequest, Type } from 'loligo/plugin'
import { toHits } from './query/hits.ts'
import { readInput, VALUE_TYPES } from './query/input.ts'
import { knownNames, type Search, type SearchOptions, toSearch } from './query/search.ts'

const field = Type.Object({
  field: Type.String({ minLength: 1, description: 'The field of the index' }),
  type: Type.Enum(VALUE_TYPES, { default: 'keyword', description: 'What its values are' }),
})

/** Lets clients search an Elasticsearch index by names, and nothing but what is configured. */
export const elasticsearchQuery = definePlugin({
  name: 'elasticsearch-query',
  version: '1.0.0',

  options: Type.Object({
    search: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'The fields that q looks into, with a weight where they have one: name^3',
    }),
    filters: Type.Record(Type.String(), field, { default: {}, description: 'What can be asked for by value' }),
    ranges: Type.Record(Type.String(), field, { default: {}, description: 'What can be asked for by limits' }),
    sort: Type.Record(Type.String({ pattern: '^[^,-][^,]*$' }), Type.String(), {
      default: {},
      description: 'From the name to sort by to the field',
    }),
    fields: Type.Optional(Type.Array(Type.String(), { description: 'What is given of each document; else all' })),
    size: Type.Integer({ default: 10, minimum: 1, description: 'Hits on a page' }),
    max_size: Type.Integer({ default: 100, minimum: 1, description: 'The most that a client may ask for' }),
    max_window: Type.Integer({ default: 10_000, minimum: 1, description: 'The most hits up to the end of a page' }),
    id: Type.String({ default: 'id', minLength: 1, description: 'Where an item has the id of its document' }),
  }),

  modifier: (given, { config }) => {
    if (config.backend === null) throw new Error('this stands at a backend, whose call it makes')
    const { size, max_size: maxSize, max_window: maxWindow, id } = given
    if (size > maxSize) throw new Error(`"size" (${size}) is larger than "max_size" (${maxSize})`)
    const options: SearchOptions = { ...given, fields: given.fields ?? null, maxSize, maxWindow }
    const known = knownNames(options)
    const ranges = new Set(Object.keys(given.ranges))
    /** The response hook is given the request that the request hook was. */
    const searches = new WeakMap<ModifierRequest, Search>()

    return {
      request: async (request) => {
        const search = toSearch(await readInput(request, known, ranges), options)
        searches.set(request, search)
        request.method = 'POST'
        request.body = JSON.stringify(search.body)
        request.headers.delete('content-encoding')
        request.headers.set('Content-Type', 'application/json')
      },

      response: (response, request) => {
        const search = searches.get(request)
        const { total, exact, items, complete } = toHits(response.data, id)
        if (!complete) response.complete = false
        response.data = { total, exact, page: search?.page ?? 1, size: search?.size ?? items.length, items }
      },
    }
  },
})
