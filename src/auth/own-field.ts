import { type HeaderList, sameName } from '../pipes/headers.ts'

/**
 * Sets a field that tells backends who the client is, in place of whatever the client has sent under that name. The
 * client's `Connection` must not name it either: then it would be taken off on the way (RFC 9110, section 7.6.1).
 */
export function setOwnField(headers: HeaderList, name: string, values: readonly string[]): void {
  headers.set(name, values[0] as string)
  for (let i = 1; i < values.length; i++) headers.append(name, values[i] as string)
  const { raw } = headers
  for (let i = 0; i < raw.length; i += 2) {
    if (sameName(raw[i] as string, 'connection')) raw[i + 1] = without(raw[i + 1] as string, name.toLowerCase())
  }
}

function without(list: string, name: string): string {
  if (list.length < name.length) return list
  const names = list.split(',')
  const others = names.filter((option) => option.trim().toLowerCase() !== name)
  return others.length === names.length ? list : others.join(',')
}
