import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogOutbox } from './log-outbox.ts'
import { openLogWriter } from './log-writer.ts'

function openTemporary(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-log-'))
  const file = join(folder, 'log')
  const fd = openSync(file, 'w')
  t.after(() => rmSync(folder, { recursive: true }))
  return { fd, read: () => readFileSync(file, 'utf8') }
}

test('close writes every line, in order', async (t) => {
  const { fd, read } = openTemporary(t)
  const writer = openLogWriter(fd, assert.fail)
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} é\n`)
  for (const line of lines) writer.write(line)
  await writer.close()
  writer.write('too late\n')
  assert.equal(read(), lines.join(''))
})

test('a log that cannot be written is reported once, and the program goes on', async (t) => {
  const { fd } = openTemporary(t)
  const readOnly = openSync('/dev/null', 'r')
  t.after(() => closeSync(readOnly))
  closeSync(fd)
  const reported = Promise.withResolvers<string>()
  const reports: string[] = []
  const writer = openLogWriter(readOnly, (problem) => {
    reports.push(problem)
    reported.resolve(problem)
  })
  writer.write('lost\n')
  assert.match(await reported.promise, /cannot be written any more: EBADF/)
  writer.write('lost\n')
  await writer.close()
  assert.equal(reports.length, 1)
})

test('close does not wait for ever for a reader that does not read', async () => {
  const script = `
    import { openLogWriter } from ${JSON.stringify(new URL('./log-writer.ts', import.meta.url).href)}
    const writer = openLogWriter(1, (problem) => console.error(problem))
    writer.write('x'.repeat(4_000_000) + '\\n')
    await writer.close(20)
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [problem] = await once(child.stderr.setEncoding('utf8'), 'data')
  assert.match(problem, /the end of the log is lost/)
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
})

test('a reader that closes its pipe does not end the writer', async () => {
  const script = `
    import { openLogWriter } from ${JSON.stringify(new URL('./log-writer.ts', import.meta.url).href)}
    const writer = openLogWriter(1, (problem) => { console.error(problem); process.exit(0) })
    setInterval(() => writer.write('x'.repeat(10000) + '\\n'), 1)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  let problem = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem += text
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  assert.match(problem, /EPIPE|ECONNRESET/) // by whether the reader had read all that was there
})

test('the outbox sends the lines of a turn together, and urgent ones at once with those before', async () => {
  const sent: string[] = []
  const outbox = createLogOutbox((text) => sent.push(text))
  outbox.add('one', false)
  outbox.add('two', false)
  assert.deepEqual(sent, [])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(sent, ['one\ntwo\n'])
  outbox.add('three', false)
  outbox.add('four', true)
  assert.deepEqual(sent.slice(1), ['three\nfour\n'])
  outbox.flush()
  assert.equal(sent.length, 2)
})

test('the outbox does not collect without bound in one turn', () => {
  const sent: string[] = []
  const outbox = createLogOutbox((text) => sent.push(text))
  for (let line = 0; line < 1000; line++) outbox.add('x'.repeat(1000), false)
  assert.ok(sent.length >= 3)
})
