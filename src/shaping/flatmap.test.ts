import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ExactNumber } from '../pipes/exact-number.ts'
import type { DataObject, DataValue } from '../pipes/proxy.ts'
import { compileFlatmap, type FlatmapOperation } from './flatmap.ts'

/** Runs operations written as `move a b` on JSON text. */
function run(operations: readonly string[], json: string): unknown {
  const flatmap = compileFlatmap(operations.map(parseOperation))
  assert.ok(flatmap !== null, 'an operation was configured')
  return JSON.parse(JSON.stringify(flatmap(JSON.parse(json) as DataObject)))
}

function parseOperation(text: string): FlatmapOperation {
  const [type = '', ...args] = text.split(' ')
  return { type, args }
}

const NESTED = '{"a":[{"b1":[{"c":1,"d":"foo"},{"c":2,"d":"bar"}],"b2":true},{"b1":[{"c":3,"d":"vaz"}]}]}'

const CASES: Record<string, [operations: string[], json: string, expected: unknown][]> = {
  'del removes every match': [
    [['del a.*.b1.*.d a.0.b2'], NESTED, { a: [{ b1: [{ c: 1 }, { c: 2 }] }, { b1: [{ c: 3 }] }] }],
    [['del a.0'], '{"a":[1,2,3]}', { a: [2, 3] }],
    [['del a.*.0'], '{"a":[[1,2],[3]]}', { a: [[2], null] }],
    [['del *.x'], '{"a":{"x":1,"y":2},"b":{"x":1},"c":[{"x":1}],"x":1}', { a: { y: 2 }, b: null, c: [{ x: 1 }], x: 1 }],
    [
      ['del a.01', 'del a.-1', 'del a.x', 'del a.99999999999', 'del b.0.c', 'del nope'],
      '{"a":[1],"b":1}',
      { a: [1], b: 1 },
    ],
    [['del a.0'], '{"a":{"0":1,"1":2}}', { a: { 1: 2 } }],
    [['del *'], '{"a":1}', {}],
  ],
  'indices mean the lists as they came': [
    [['del a.0 a.1'], '{"a":[1,2,3]}', { a: [3] }],
    [['del a.0', 'del a.0', 'del a.2.x'], '{"a":[1,2,{"x":1,"y":2}]}', { a: [2, { y: 2 }] }],
  ],
  'what lost all its content is null, what was empty stays': [
    [['del a.x'], '{"a":{"x":1}}', { a: null }],
    [['del a.*'], '{"a":[1,2],"b":[],"c":{},"d":null}', { a: null, b: [], c: {}, d: null }],
    [['del a.*'], '{"a":[]}', { a: [] }],
    [['del a.*.x'], '{"a":[{"x":1},{"x":2}]}', { a: [null, null] }],
    [['move a.x y'], '{"a":{"x":1}}', { a: null, y: 1 }],
    [['del a.x', 'move b a.z'], '{"a":{"x":1},"b":1}', { a: { z: 1 } }],
  ],
  'move with as many segments renames the last one': [
    [['move a.*.b1.*.c a.*.b1.*.x'], NESTED, JSON.parse(NESTED.replaceAll('"c"', '"x"'))],
    [['move a b'], '{"a":1,"b":2}', { b: 1 }],
    [['move a.b x.y'], '{"a":{"b":1}}', { a: { y: 1 } }],
    [['move a.0 a.7'], '{"a":[1,2,3]}', { a: [2, 3, 1] }],
    [['move a.0 a.2'], '{"a":[1,2,3]}', { a: [2, 1] }],
    [['move a.0 a.4294967295'], '{"a":[1,2]}', { a: [2, 1] }],
    [['move nope b', 'move a.x.y a.x.z'], '{"a":1,"b":2}', { a: 1, b: 2 }],
  ],
  'move with fewer segments lifts': [
    [
      ['move a.0.b1.0.c c'],
      NESTED,
      { a: [{ b1: [{ d: 'foo' }, { c: 2, d: 'bar' }], b2: true }, { b1: [{ c: 3, d: 'vaz' }] }], c: 1 },
    ],
    [
      ['move a.*.b.c a.*.c'],
      '{"a":{"k":{"b":{"c":1,"x":0}},"l.m":{"b":{"c":2}}}}',
      { a: { k: { b: { x: 0 }, c: 1 }, 'l.m': { b: null, c: 2 } } },
    ],
    [
      ['move a.*.b.c a.*.c'],
      '{"a":[{"b":{"c":1}},{"b":{"c":2,"d":3}}]}',
      {
        a: [
          { b: null, c: 1 },
          { b: { d: 3 }, c: 2 },
        ],
      },
    ],
    [['move a.*.c c'], '{"a":[{"c":1,"d":1},{"c":2,"d":2}]}', { a: [{ d: 1 }, { d: 2 }], c: 2 }],
    [['move a.b a'], '{"a":{"b":1,"c":2}}', { a: 1 }],
    [['move a.b.c x.y'], '{"a":{"b":{"c":1,"d":2}},"x":3}', { a: { b: { d: 2 } }, x: { y: 1 } }],
    [['move a.b.c list.9'], '{"a":{"b":{"c":1,"d":2}},"list":[0]}', { a: { b: { d: 2 } }, list: [0, 1] }],
    [
      ['move zone.state shipping_state', 'move zone.zip shipping_zip', 'del zone'],
      '{"id":1,"zone":{"state":"NY","zip":"1"}}',
      { id: 1, shipping_state: 'NY', shipping_zip: '1' },
    ],
  ],
  'move with more segments embeds below the parent of the match': [
    [
      ['move a.*.b1.*.c a.*.b1.*.c.d.e'],
      '{"a":[{"b1":[{"c":1,"d":2},{"d":3}]}]}',
      { a: [{ b1: [{ c: { d: { e: 1 } }, d: 2 }, { d: 3 }] }] },
    ],
    [['move a x.y'], '{"a":1,"x":{"z":2}}', { x: { y: 1, z: 2 } }],
    [['move a x.y'], '{"a":1,"x":"text"}', { x: { y: 1 } }],
    [['move a x.0'], '{"a":1}', { x: { 0: 1 } }],
    [['move a x.1000000'], '{"a":1,"x":[0]}', { x: [0, 1] }],
    [['move p.a q.x.y'], '{"p":{"a":1}}', { p: { x: { y: 1 } } }],
  ],
  'append adds elements and removes the source': [
    [['append k s'], '{"k":[1,2],"s":[0]}', { s: [0, 1, 2] }],
    [['append k s'], '{"k":[],"s":[]}', { s: [] }],
    [['append nope s', 'append s nope', 'append o s', 'append s o'], '{"s":[0],"o":{"0":1}}', { s: [0], o: { 0: 1 } }],
    [['append a.b s'], '{"a":{"b":[1]},"s":[]}', { a: null, s: [1] }],
    [['append s s', 'append s s.0', 'append s s.*'], '{"s":[[1]]}', { s: [[1]] }],
    [['append s.0 s'], '{"s":[[1,2],3]}', { s: [3, 1, 2] }],
    [
      ['append g.*.xs all'],
      '{"g":[{"xs":[1],"n":1},{"xs":[2,3],"n":2}],"all":[]}',
      { g: [{ n: 1 }, { n: 2 }], all: [1, 2, 3] },
    ],
    [['append g.*.xs g.*.ys'], '{"g":[{"xs":[1],"ys":[0]},{"xs":[2]}]}', { g: [{ ys: [0, 1] }, { xs: [2] }] }],
    [['del k.0', 'append k s', 'del s.1'], '{"k":[1,2],"s":[0]}', { s: [0] }],
    [
      ['move xs.*.title xs.*.name', 'append ks xs', 'del xs.2'],
      '{"ks":[{"name":"T"},{"name":"L"}],"xs":[{"title":"B"},{"title":"O"}]}',
      { xs: [{ name: 'B' }, { name: 'O' }, { name: 'L' }] },
    ],
  ],
  'names of prototypes are names': [
    [['del __proto__', 'del constructor.name', 'move toString x', 'move a.valueOf b'], '{"a":{}}', { a: {} }],
    [['move __proto__.x y'], '{"__proto__":{"x":1,"z":2}}', JSON.parse('{"__proto__":{"z":2},"y":1}')],
    [['move a __proto__.x'], '{"a":1}', JSON.parse('{"__proto__":{"x":1}}')],
    [['move a constructor.prototype.x'], '{"a":1}', { constructor: { prototype: { x: 1 } } }],
  ],
}

for (const [title, cases] of Object.entries(CASES)) {
  describe(title, () => {
    for (const [operations, json, expected] of cases) {
      test(`${operations.join('; ')} of ${json.slice(0, 60)}`, () => assert.deepEqual(run(operations, json), expected))
    }
  })
}

describe('compileFlatmap', () => {
  test('makes nothing of operations that cannot do anything', () => {
    const operations = ['sort a', 'move a.* b', 'move a.b x.b', 'move a.b a.*', 'append a.* b', 'del']
    assert.equal(compileFlatmap(operations.map(parseOperation)), null)
  })

  test('refuses a missing path', () => {
    assert.throws(() => compileFlatmap([parseOperation('del a'), parseOperation('move a')]), {
      name: 'RangeError',
      message: /flatmap_filter\[1\]: "move" takes two paths, from and to, but has 1/,
    })
  })

  test('takes an exact number for a leaf', () => {
    const n = new ExactNumber('9007199254740993')
    assert.deepEqual(compileFlatmap([parseOperation('move a b'), parseOperation('del b.text')])?.({ a: n }), { b: n })
  })

  test('does not go deeper into data than its paths', () => {
    let deep: DataValue = 1
    for (let i = 0; i < 10_000; i++) deep = i % 2 === 0 ? [deep] : { a: deep }
    const result = compileFlatmap(['del *.*.x', 'move d e'].map(parseOperation))?.({ d: deep })
    assert.equal(result?.e, deep)
  })

  test('is linear in the data', () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, secret: 1, tags: ['a'] }))
    const filter = compileFlatmap(
      ['del rows.*.secret', 'move rows.*.id rows.*.key', 'append rows all'].map(parseOperation),
    )
    const all = filter?.({ rows, all: [] })?.all as DataValue[]
    assert.deepEqual([all.length, all.at(-1)], [100_000, { key: 99_999, tags: ['a'] }])
  })
})

// The model is a list of labelled leaves with the kinds of the containers above them, which an operation relabels.
class Model {
  leaves = new Map<string, unknown>()
  kinds = new Map<string, 'list' | 'object'>()

  constructor(value: unknown) {
    this.#flatten([], value)
  }

  #flatten(path: string[], value: unknown): void {
    const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0
    if (isEmpty && path.length > 0) this.leaves.set(JSON.stringify(path), value)
    else {
      this.kinds.set(JSON.stringify(path), Array.isArray(value) ? 'list' : 'object')
      for (const [label, inner] of Object.entries(value as object)) this.#flatten([...path, label], inner)
    }
  }

  #below<T>(map: Map<string, T>, prefix: readonly string[]): [string[], T][] {
    const all = [...map].map(([path, value]): [string[], T] => [JSON.parse(path) as string[], value])
    return all.filter(([path]) => prefix.every((label, i) => label === path[i]))
  }

  matches(pattern: readonly string[]): string[][] {
    const paths = [...this.kinds.keys(), ...this.leaves.keys()].map((path) => JSON.parse(path) as string[])
    const fits = (path: string[]) => pattern.every((label, i) => label === '*' || label === path[i])
    return paths.filter((path) => path.length === pattern.length && fits(path)).sort(byLabels)
  }

  take(prefix: string[]): { leaves: [string[], unknown][]; kinds: [string[], 'list' | 'object'][] } {
    const taken = { leaves: this.#below(this.leaves, prefix), kinds: this.#below(this.kinds, prefix) }
    for (const [path] of taken.leaves) this.leaves.delete(JSON.stringify(path))
    for (const [path] of taken.kinds) this.kinds.delete(JSON.stringify(path))
    return taken
  }

  /** After each operation: containers without content become null leaves. */
  settle(): void {
    for (const path of [...this.kinds.keys()]) {
      const prefix = JSON.parse(path) as string[]
      if (prefix.length === 0 || this.#labels(prefix).length > 0) continue
      this.kinds.delete(path)
      this.leaves.set(path, null)
    }
  }

  del(pattern: string[]): void {
    for (const path of this.matches(pattern)) this.take(path)
    this.settle()
  }

  move(source: string[], destination: string[]): void {
    const moved = this.matches(source).map((path) => {
      const target =
        destination.length < source.length
          ? destination.map((label, i) => (label === '*' ? (path[i] as string) : label))
          : [...path.slice(0, -1), ...destination.slice(source.length - 1)]
      return { path, target, ...this.take(path) }
    })
    if (destination.length < source.length) this.settle()
    for (const { path, target, leaves, kinds } of moved) {
      this.take(target)
      for (let i = 1; i < target.length; i++) {
        const above = JSON.stringify(target.slice(0, i))
        this.leaves.delete(above)
        if (!this.kinds.has(above)) this.kinds.set(above, 'object')
      }
      for (const [at, value] of leaves) this.leaves.set(JSON.stringify([...target, ...at.slice(path.length)]), value)
      for (const [at, kind] of kinds) this.kinds.set(JSON.stringify([...target, ...at.slice(path.length)]), kind)
    }
    this.settle()
  }

  #labels(prefix: string[]): string[] {
    const paths = [...this.#below(this.leaves, prefix), ...this.#below(this.kinds, prefix)].map(([path]) => path)
    return [
      ...new Set(paths.filter((path) => path.length > prefix.length).map((path) => path[prefix.length] as string)),
    ]
  }

  build(path: string[] = []): unknown {
    const kind = this.kinds.get(JSON.stringify(path))
    if (kind === undefined) return this.leaves.get(JSON.stringify(path))
    const labels = this.#labels(path)
    if (kind === 'object') return Object.fromEntries(labels.map((label) => [label, this.build([...path, label])]))
    return labels.sort((a, b) => rank(a) - rank(b)).map((label) => this.build([...path, label]))
  }
}

/** The order within a list: its own elements, then what was added under a name like `x2` by the operation 2. */
function rank(label: string): number {
  return /^\d+$/.test(label) ? Number(label) : 1000 + Number(label.slice(1))
}

function byLabels(a: string[], b: string[]): number {
  const i = a.findIndex((label, at) => label !== b[at])
  if (i === -1) return 0
  const [x, y] = [a[i] as string, b[i] as string]
  return Number(x) - Number(y) || 0
}

const label = fc.constantFrom('a', 'b', '0', '1', 'c.d')
const tree = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium' }, fc.integer(), fc.constantFrom(null, 'text'), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(label, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object as fc.Arbitrary<Record<string, unknown>>
const fresh = fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 2 })

/** Paths that match something in the data, with `*` here and there. */
function pathsIn(data: unknown): fc.Arbitrary<string[]> {
  const { kinds, leaves } = new Model(data)
  const paths = [...kinds.keys(), ...leaves.keys()].map((path) => JSON.parse(path) as string[])
  const all = [['a'], ...paths.filter((path) => path.length > 0)]
  return fc
    .tuple(fc.constantFrom(...all), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }))
    .map(([path, dice]) => path.map((label, i) => (dice[i % 8] === 0 || label.includes('.') ? '*' : label)))
}

/** Moves to places that are new, because what stays of several values in one place depends on the order of fields. */
function movesIn(data: unknown): fc.Arbitrary<{ source: string[]; destination: string[] }> {
  return fc.tuple(pathsIn(data), fc.constantFrom('a', 'b'), fc.nat(3), fresh).map(([path, name, kept, added]) => {
    const parents = path.slice(0, -1)
    const own = path.at(-1) ?? ''
    const source = [...parents, /^[ab]$/.test(own) ? own : name]
    const isLift = kept < parents.length && !parents.slice(kept).includes('*')
    return { source, destination: isLift ? [...parents.slice(0, kept), added[0] as string] : [...parents, ...added] }
  })
}

const filtered = tree.chain((data) => {
  const del = pathsIn(data).map((source) => ({ type: 'del', source, destination: [] as string[] }))
  const move = movesIn(data).map((paths) => ({ type: 'move', ...paths }))
  const operations = fc.array(fc.oneof(del, move), { minLength: 1, maxLength: 3 }).map((list) =>
    list.map(({ type, source, destination }, i) => ({
      type,
      source,
      destination: destination.map((label) => (/^[xy]$/.test(label) ? `${label}${i}` : label)),
    })),
  )
  return fc.tuple(fc.constant(data), operations)
})

test('move and del do to the tree what relabelling does to a list of leaves', () => {
  fc.assert(
    fc.property(filtered, ([data, operations]) => {
      const model = new Model(data)
      const json = JSON.stringify(data)
      for (const { type, source, destination } of operations) {
        if (type === 'del') model.del(source)
        else model.move(source, destination)
      }
      const texts = operations.map(({ type, source, destination }) =>
        [type, source.join('.'), destination.join('.')].join(' ').trim(),
      )
      assert.deepEqual(run(texts, json), JSON.parse(JSON.stringify(model.build())))
    }),
    { numRuns: 500 },
  )
})

test('append moves the elements and nothing else', () => {
  const list = fc.array(fc.integer(), { maxLength: 5 })
  fc.assert(
    fc.property(list, list, (from, to) => {
      assert.deepEqual(run(['append from to'], JSON.stringify({ from, to, other: 1 })), {
        to: [...to, ...from],
        other: 1,
      })
    }),
  )
})
