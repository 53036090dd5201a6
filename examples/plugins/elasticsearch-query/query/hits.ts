import { type DataObject, type DataValue, ExactNumber, HttpError } from 'loligo/plugin'

/** What is told of an answer of Elasticsearch. */
export interface Hits {
  readonly total: DataValue
  /** False where Elasticsearch has stopped counting. */
  readonly exact: boolean
  readonly items: DataObject[]
  /** False where a shard failed, or the time of the search was up. */
  readonly complete: boolean
}

/**
 * Makes flat objects of hits: the members of `_source`, and the id under the name `idName`.
 * @throws HttpError status 502 when there are no hits
 */
export function toHits(data: DataObject | null, idName: string): Hits {
  const hits = data?.hits
  if (!isObject(hits) || !Array.isArray(hits.hits)) {
    throw new HttpError(502, { error: 'the answer of the search service is no list of hits' })
  }
  const { total = null } = hits
  const items = hits.hits.filter(isObject).map((hit) => {
    const source = isObject(hit._source) ? hit._source : {}
    return { ...source, [idName]: hit._id ?? null }
  })
  const shards = data?._shards
  const failed = isObject(shards) ? Number(shards.failed ?? 0) : 0
  return {
    total: isObject(total) ? (total.value ?? null) : total,
    exact: !isObject(total) || total.relation === 'eq',
    items,
    complete: data?.timed_out !== true && failed === 0,
  }
}

function isObject(value: DataValue | undefined): value is DataObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
}
