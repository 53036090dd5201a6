import type { DataObject, DataValue } from '../pipes/proxy.ts'

/** Sets a member whose name comes from outside: `__proto__` becomes data as any other name, never a prototype. */
export function setMember(object: DataObject, name: string, value: DataValue): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  } else object[name] = value
}
