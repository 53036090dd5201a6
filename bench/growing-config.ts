const METHODS = ['GET', 'POST', 'PUT', 'DELETE']

/**
 * A configuration with so many endpoints, of the kinds that real ones mix: parameters, filters, merging, no-op.
 * `/json` and `/noop` are among them and reach the bench's upstream.
 */
export function growingConfig(endpoints: number, port: number, host: string): Record<string, unknown> {
  const list: unknown[] = [
    { endpoint: '/json', backend: [{ url_pattern: '/small' }] },
    { endpoint: '/noop', output_encoding: 'no-op', backend: [{ url_pattern: '/small' }] },
  ]
  for (let index = list.length; index < endpoints; index++) list.push(makeEndpoint(index))
  const quiet = { router: { disable_access_log: true } }
  return { version: 3, name: 'bench', port, host: [host], timeout: '10s', extra_config: quiet, endpoints: list }
}

function makeEndpoint(index: number): Record<string, unknown> {
  const method = METHODS[index % METHODS.length]
  const common = { endpoint: `/area-${index % 20}/thing-${index}/{id}`, method }
  switch (index % 3) {
    case 0:
      return {
        ...common,
        output_encoding: 'no-op',
        input_headers: ['*'],
        backend: [{ url_pattern: `/t/${index}/{id}` }],
      }
    case 1:
      return {
        ...common,
        input_query_strings: ['page', 'limit'],
        backend: [{ url_pattern: `/t/${index}/{id}`, allow: ['id', 'name', 'at.lat'], mapping: { id: 'ident' } }],
      }
    default:
      return {
        ...common,
        input_headers: ['Authorization', 'Content-Type'],
        backend: [
          { url_pattern: `/t/${index}/{id}`, group: 'one' },
          { url_pattern: `/u/${index}/{id}`, group: 'two', deny: ['secret'] },
        ],
      }
  }
}
