/** The upstream's answers by path: JSON texts of a fixed size, so that every run moves the same bytes. */
export const PAYLOADS: ReadonlyMap<string, string> = new Map([
  ['/small', smallObject('squid')],
  ['/small-b', otherKeys('whale', 'b')],
  ['/small-c', otherKeys('shark', 'c')],
  ['/large', largeObject()],
])

/** An object of 116 bytes with strings, numbers, a boolean, a list and an object in it. */
function smallObject(name: string): string {
  return JSON.stringify({
    id: 4711,
    name,
    family: 'Loliginidae sp.',
    depth: 412.5,
    tags: ['fast', 'small'],
    at: { lat: 1.5, lon: 2 },
  })
}

/** The same with keys of its own, for merging. */
function otherKeys(name: string, suffix: string): string {
  return smallObject(name).replaceAll('":', `_${suffix}":`)
}

/** A list of animals in an object, 9 kB in all. */
function largeObject(): string {
  const items = []
  for (let id = 0; id < 67; id++) {
    items.push({
      id: 100_000 + id,
      name: `animal number ${id}`,
      price: id * 1.25,
      available: id % 3 !== 0,
      tags: ['sea', 'deep', `zone-${id % 7}`],
      size: { length: 10 + id, unit: 'cm' },
    })
  }
  return JSON.stringify({ total: items.length, page: 1, items })
}
