import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  ENDPOINT,
  httpRequest,
  innerHttp,
  innerProxy,
  newContext,
  proxyRequest,
  SERVICE,
} from '../../test/support/plugin-host.ts'
import { recordingLog } from '../../test/support/recording-log.ts'
import { pluginFolderSection } from '../config/plugin-section.ts'
import { ExactNumber } from '../pipes/exact-number.ts'
import { HttpResponse } from '../pipes/http.ts'
import { loadPlugins } from './loading/loader.ts'

const folder = join(import.meta.dirname, '../../examples/getting-started/plugins')

async function load() {
  const log = recordingLog()
  return { log, host: await loadPlugins({ section: pluginFolderSection(folder), log, lenient: false }) }
}

test('request-id takes the id of the client or makes one, hands it on and sets it on the answer', async () => {
  const { host, log } = await load()
  const stage = await host.server({ name: 'request-id' }, SERVICE)
  const { asked, next } = innerHttp()
  const request = httpRequest()
  request.headers.set('x-request-id', 'abc')
  const context = newContext()
  assert.equal((await stage?.(next)(request, context))?.headers.get('X-Request-Id'), 'abc')
  assert.equal(context.store.get('request-id'), 'abc')

  const made = (await stage?.(next)(httpRequest(), newContext()))?.headers.get('X-Request-Id')
  assert.match(made ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(asked[1]?.headers.get('X-Request-Id'), made)

  await stage?.(async () => new HttpResponse(503))(request, newContext())
  assert.equal(log.lines.at(-1), 'WARNING [PLUGIN: request-id] abc was answered with 503')
})

test('request-id may distrust the client and use another header', async () => {
  const { host } = await load()
  const stage = await host.server({ name: ['request-id'], 'request-id': { header: 'X-Id', trust: false } }, SERVICE)
  const request = httpRequest()
  request.headers.set('X-Id', 'forged')
  const response = await stage?.(innerHttp().next)(request, newContext())
  assert.match(response?.headers.get('X-Id') ?? '', /^[0-9a-f-]{36}$/)
})

test('mask-fields hides the fields that it is told, however deep', async () => {
  const { host } = await load()
  const stage = await host.modifier({ name: ['mask-fields'], 'mask-fields': { fields: ['email', 'text'] } }, ENDPOINT)
  const big = new ExactNumber('9007199254740993')
  const { next } = innerProxy({ email: 'a@b.c', users: [{ email: { at: 'home' }, n: big }, null], open: 'x' })
  const response = await stage?.(next)(proxyRequest(), newContext())
  assert.deepEqual(response?.data, { email: '***', users: [{ email: '***', n: big }, null], open: 'x' })
  await assert.rejects(
    host.modifier({ name: ['mask-fields'] }, ENDPOINT),
    /\.mask-fields: the required key "fields" is missing/,
  )
})
