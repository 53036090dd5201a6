import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineExceeded, HttpError } from './failure.ts'
import { failureResponse } from './failure-response.ts'

test('a failure is answered with its own status, body, type and headers', async () => {
  const json = failureResponse(new HttpError(422, { field: 'a' }, { headers: { 'X-A': '1' } }))
  assert.deepEqual([json.status, await json.text()], [422, '{"field":"a"}'])
  assert.deepEqual(json.headers.toJSON(), { 'x-a': '1', 'content-type': 'application/json; charset=utf-8' })
  const typed = failureResponse(new HttpError(400, '<p>', { headers: { 'Content-Type': 'text/html' } }))
  assert.deepEqual(typed.headers.raw, ['Content-Type', 'text/html'])
  const empty = failureResponse(new HttpError(401, '', { headers: { 'X-A': '1' } }))
  assert.deepEqual([empty.body, empty.headers.raw], [null, ['X-A', '1']])
})

test('a failure without an answer of its own tells the client nothing', () => {
  const { status, body, headers } = failureResponse(new DeadlineExceeded())
  assert.deepEqual([status, body, headers.raw], [500, null, []])
})
