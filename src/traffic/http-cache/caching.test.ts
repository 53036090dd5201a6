import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyStream } from '../../pipes/body.ts'
import { SYSTEM_CLOCK } from '../../pipes/clock.ts'
import { Context } from '../../pipes/context.ts'
import { HeaderList } from '../../pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../../pipes/http.ts'
import { CellRegistry } from '../../shared/cells.ts'
import { caching } from './caching.ts'
import { openResponseStore } from './response-store.ts'

for (const fieldsMayChange of [true, false]) {
  test(`a field written around the cache ${fieldsMayChange ? 'counts' : 'does not count'} where that ${fieldsMayChange ? 'may be' : 'cannot be'}`, async (t) => {
    const limits = { maxItems: 10, maxBytes: 10_000, maxEntryBytes: 10_000 }
    const store = await openResponseStore(new CellRegistry(), 'cache', limits)
    t.after(() => store.release())
    let calls = 0
    const stage = caching({
      ...{ store, clock: SYSTEM_CLOCK, scope: '', allowPrivate: false, passesOn: false, fieldsMayChange },
      ...{ credentialFields: [], joins: true },
    })
    const handle = stage(async () => {
      calls++
      const headers = HeaderList.from({ Date: new Date().toUTCString() })
      return new HttpResponse(200, headers, BodyStream.from([`answer ${calls}`]))
    })
    const ask = async (): Promise<string> => {
      const context = new Context(performance.now())
      const response = await handle(new HttpRequest('GET', '/', new HeaderList(), null, 'http://a'), context)
      response.headers.set('Cache-Control', 'max-age=60')
      const text = await response.text()
      context.finish()
      return text
    }
    assert.equal(await ask(), 'answer 1')
    assert.equal(await ask(), fieldsMayChange ? 'answer 1' : 'answer 2')
  })
}
