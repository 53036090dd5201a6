import { parseJsonTexts, stringifyJson } from '../../../encoding/json.ts'
import { HeaderList } from '../../../pipes/headers.ts'
import { type DataObject, isDataObject, type ProxyRequest, type ProxyResponse } from '../../../pipes/proxy.ts'
import { Query } from '../../../pipes/query.ts'
import { DATA, type FrameReader, type FrameWriter, PART } from './frames.ts'

/** Requests and responses of the data pipes as the Go side has them in `go/bridge/modifier.go`. */

/** Writes all of a request but its body. */
export function writeRequest(frame: FrameWriter, request: ProxyRequest): void {
  const { method, path, origin, params, search } = request
  frame
    .latin1(method)
    .utf8(path)
    .utf8(origin === '' ? '' : request.url)
    .fields(request.headers.raw)
  const names: string[] = []
  for (const name in params) names.push(capitalised(name), params[name] as string)
  frame.list(names).list(search === '' ? [] : request.query.raw)
}

/** What of a request has an effect; the rest is looked at only (specification: plugins 4.3). */
export type RequestPlace = 'endpoint' | 'backend'

/** Takes over what a plugin has left of a request, but for its body. */
export function readRequest(reader: FrameReader, request: ProxyRequest, place: RequestPlace): void {
  const parts = reader.u16()
  const atBackend = place === 'backend'
  if ((parts & PART.method) !== 0) {
    // Looked at where it counts: what has no effect must not fail.
    if (atBackend) request.method = reader.method()
    else reader.latin1()
  }
  if ((parts & PART.path) !== 0) reader.utf8()
  if ((parts & PART.headers) !== 0) request.headers = new HeaderList(reader.fields())
  if ((parts & PART.params) !== 0) {
    const params = reader.list()
    if (!atBackend) request.params = paramsOf(params, request.params)
  }
  if ((parts & PART.query) !== 0) {
    const query = new Query(reader.list())
    query.changed = true
    if (!atBackend) request.query = query
  }
  if ((parts & PART.url) !== 0) {
    if (atBackend) request.url = reader.url()
    else reader.utf8()
  }
}

/** Writes all of a response but its body; its data only where they are wanted. */
export function writeResponse(frame: FrameWriter, response: ProxyResponse, wantsData: boolean): void {
  const { status, complete, data } = response
  frame.u16(status).u8(complete ? 1 : 0)
  if (response.hasHeaders) frame.fields(response.headers.raw)
  else frame.u32(0)
  if (isPassedOn(response)) frame.u8(DATA.empty)
  else if (data === null) frame.u8(DATA.none)
  else if (wantsData) frame.u8(DATA.inline).utf8(stringifyJson(data))
  else frame.u8(DATA.lazy)
}

/** Takes over what a plugin has left of a response, but for its body. */
export function readResponse(reader: FrameReader, response: ProxyResponse): void {
  const parts = reader.u16()
  const passedOn = isPassedOn(response)
  if ((parts & PART.status) !== 0) {
    const status = reader.u16()
    const complete = reader.u8() !== 0
    if (passedOn) response.status = status === 0 ? 200 : status
    response.complete = complete
  }
  if ((parts & PART.headers) !== 0) response.headers = new HeaderList(reader.fields())
  if ((parts & PART.data) !== 0) {
    const data = toData(reader.block())
    if (!passedOn) response.data = data
  }
}

/** An answer of no-op, whose data are empty and count for nothing. */
function isPassedOn({ status }: ProxyResponse): boolean {
  return status !== 0
}

function toData(json: Buffer): DataObject | null {
  const data = parseJsonTexts(json)
  return isDataObject(data) ? data : null
}

/** Sources know `{id}` as `Id`. */
function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Under their names in the configuration; for new ones that may begin with a small letter or not. */
function paramsOf(pairs: readonly string[], before: Readonly<Record<string, string>>): Record<string, string> {
  const names = new Map(Object.keys(before).map((name) => [capitalised(name), name]))
  const params: Record<string, string> = {}
  for (let i = 0; i < pairs.length; i += 2) {
    const [name, value] = [pairs[i] as string, pairs[i + 1] as string]
    if (name === '__proto__') continue
    const known = names.get(name)
    if (known !== undefined) params[known] = value
    else if (!names.has(capitalised(name))) {
      params[name] = value
      params[name.charAt(0).toLowerCase() + name.slice(1)] = value
    }
  }
  return params
}
