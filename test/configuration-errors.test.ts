import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { folderWith, runCommand } from './support/command-line.ts'

const BACKEND = { host: ['http://127.0.0.1:10'], url_pattern: '/' }
const GOOD = { version: 3, listen_ip: '127.0.0.1', endpoints: [{ endpoint: '/a', backend: [BACKEND] }] }

describe('run refuses with exit code 255, names file and place, and listens nowhere', { concurrency: 2 }, () => {
  const cases: readonly (readonly [title: string, content: unknown, output: RegExp])[] = [
    ['a missing brace', '{\n  "version": 3,\n  "endpoints": [\n', /krakend\.json:4:1.*|krakend\.json:3:\d+/],
    ['a list', [], /must be an object, not a list/],
    ['another version', { version: 2 }, /krakend\.json:2:\d+: .*unsupported version: 2 \(want: 3\)/],
    ['no version', {}, /unsupported version: 0 \(want: 3\)/],
    [
      'a wrong type',
      { ...GOOD, timeout: { s: 1 } },
      /krakend\.json:\d+:\d+: error: timeout: expected a duration, got an object/,
    ],
    ['a wrong duration', { ...GOOD, timeout: '2 seconds' }, /timeout.*unknown unit " seconds"/],
    ['an invalid listen_ip', { ...GOOD, listen_ip: '1.2.3' }, /listen_ip: invalid ip address 1\.2\.3/],
    [
      'a reserved path',
      { ...GOOD, endpoints: [{ endpoint: '/foo/__health', backend: [BACKEND] }] },
      /ignoring the ' \/foo\/__health' endpoint, since it is invalid!!!/,
    ],
    [
      'no backend',
      { ...GOOD, endpoints: [{ endpoint: '/x', method: 'GET' }] },
      /ignoring the 'GET \/x' endpoint, since it has 0 backends defined!/,
    ],
    ['a bad host', { ...GOOD, host: 'http://a.b/c d' }, /host http:\/\/a\.b\/c d not valid: invalid host/],
    [
      'a route twice',
      { ...GOOD, endpoints: [...GOOD.endpoints, ...GOOD.endpoints] },
      /GET \/a \(endpoints\[1\]\) repeats GET \/a \(endpoints\[0\]\)/,
    ],
    [
      'a component that guards and is not there',
      { ...GOOD, extra_config: { 'qos/ratelimit/tiered': {} } },
      /qos\/ratelimit\/tiered.*unguarded/,
    ],
    [
      'everything at once',
      { version: 3, timeout: 'x', cache_ttl: 'y', endpoints: [{ endpoint: '/x', backend: [] }] },
      /timeout.*cache_ttl.*0 backends/s,
    ],
  ]
  for (const [title, content, pattern] of cases) {
    test(title, async (t) => {
      const folder = folderWith(t, { 'krakend.json': content })
      const { code, output } = await runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0']).end
      assert.equal(code, 255, output)
      assert.match(output, /^ERROR parsing the configuration file: .*krakend\.json/)
      assert.match(output, pattern)
      assert.doesNotMatch(output, /Listening on port|^\s+at /m)
    })
  }

  test('a missing file', async (t) => {
    const { code, output } = await runCommand(t, folderWith(t, {}), ['run', '-c', 'nowhere.json']).end
    assert.equal(code, 255)
    assert.match(output, /^ERROR parsing the configuration file: nowhere\.json.*(?:ENOENT|no such file)/)
  })

  test('a plugin with a syntax error', async (t) => {
    const folder = folderWith(t, {
      'krakend.json': { ...GOOD, plugin: { folder: 'plugins', pattern: '' } },
      'plugins/broken.ts': 'export const a = 1\nexport const b = = 2\n',
      'plugins/fine.ts':
        "import { definePlugin } from 'loligo/plugin'\nexport default definePlugin({ name: 'fine', server: () => (next) => next })\n",
    })
    for (const [command, expected] of [
      ['run', 255],
      ['check', 1],
    ] as const) {
      const { code, output } = await runCommand(t, folder, [command, '-c', 'krakend.json']).end
      assert.equal(code, expected, output)
      assert.match(output, /broken\.ts.*line 2/)
      assert.doesNotMatch(output, /fine\.ts|Listening|Syntax OK/)
    }
  })

  test('a plugin that no file provides, with --lenient for what is let pass', async (t) => {
    const folder = folderWith(t, {
      'krakend.json': {
        ...GOOD,
        extra_config: { 'plugin/http-server': { name: ['none'] }, 'qos/ratelimit/tiered': {} },
      },
    })
    const strict = await runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0']).end
    assert.equal(strict.code, 255)
    const lenient = runCommand(t, folder, ['run', '--lenient', '-c', 'krakend.json', '-p', '0'])
    await lenient.lines.find(/WARNING: .*qos\/ratelimit\/tiered/)
    assert.ok((await lenient.listening()) > 0)
    lenient.signal('SIGTERM')
    const { code, output } = await lenient.end
    assert.equal(code, 0)
    assert.match(output, /"none"/)
  })

  test('a port in use ends with 1 and a line that says so', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const folder = folderWith(t, { 'krakend.json': GOOD })
    const { code, output } = await runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', String(port)]).end
    assert.equal(code, 1)
    assert.match(output, new RegExp(`^ERROR .*${port}.*address already in use`, 'm'))
  })
})

describe('run goes on', { concurrency: 2 }, () => {
  test('with unknown keys and a method that endpoints cannot have, which is logged', async (t) => {
    const folder = folderWith(t, {
      'krakend.json': {
        ...GOOD,
        ...{ '@comment': 'x', '#x': 1, _x: 1, $schema: 'https://x', timeoutt: '1s' },
        endpoints: [{ endpoint: '/b', method: 'HEAD', backend: [BACKEND] }, ...GOOD.endpoints],
      },
    })
    const command = runCommand(t, folder, ['run', '--config=krakend.json', '--port=0'])
    await command.lines.find(/ERROR: .*Unsupported method HEAD/)
    await command.lines.find(/WARNING: .*timeoutt/)
    await command.listening()
    command.signal('SIGINT')
    assert.equal((await command.end).code, 0)
  })
})
