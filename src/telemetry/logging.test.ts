import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Level } from './logger.ts'
import type { LoggingOptions } from './logging.ts'
import { createLogger, DEFAULT_LOGGING } from './logging.ts'
import { planLogging } from './logging-options.ts'

function collect(options: LoggingOptions) {
  const lines: string[] = []
  const levels: Level[] = []
  const log = createLogger(options, (line, level) => {
    lines.push(line)
    levels.push(level)
  })
  return { log, lines, levels }
}

describe('createLogger', () => {
  test('without settings logs every level as date, KRAKEND, level and message', () => {
    const { log, lines, levels } = collect(DEFAULT_LOGGING)
    log.debug('one')
    log.critical('two')
    assert.match(lines[0] ?? '', /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d KRAKEND DEBUG: one$/)
    assert.match(lines[1] ?? '', / KRAKEND CRITICAL: two$/)
    assert.deepEqual(levels, ['DEBUG', 'CRITICAL'])
  })

  test('the default format has the prefix, milliseconds and six letters of the level', () => {
    const { log, lines } = collect({ level: 'INFO', format: 'default', prefix: '[GW]', colours: false })
    log.debug('dropped')
    log.info('kept')
    log.warning('cut')
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /^\[GW\] \d{4}\/\d\d\/\d\d - \d\d:\d\d:\d\d\.\d{3} ▶ INFO kept$/)
    assert.match(lines[1] ?? '', / ▶ WARNIN cut$/)
  })

  test('an empty prefix leaves its blank', () => {
    const { log, lines } = collect({ level: 'INFO', format: 'default', prefix: '', colours: false })
    log.info('x')
    assert.match(lines[0] ?? '', /^ \d{4}\//)
  })

  test('colours stand around arrow and level on a terminal', () => {
    const { log, lines } = collect({ level: 'DEBUG', format: 'default', prefix: '', colours: true })
    log.error('x')
    log.info('y')
    assert.ok(lines[0]?.endsWith(' \x1b[31m▶ ERROR\x1b[0m x'))
    assert.ok(lines[1]?.endsWith(' ▶ INFO\x1b[0m y'))
  })

  test('logstash lines are JSON whatever the message is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\0', 'a', 'é', '\u2028', '\ud800') }),
        (message) => {
          const { log, lines } = collect({ level: 'DEBUG', format: 'logstash', prefix: '[GW]', colours: false })
          log.info(message)
          const { '@timestamp': time, ...rest } = JSON.parse(lines[0] ?? '')
          assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/)
          assert.deepEqual(rest, { '@version': 1, level: 'INFO', message, module: 'KRAKEND' })
        },
      ),
    )
  })

  test('a message from outside cannot begin a line of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r', '\x1b', '\t', 'é'), { maxLength: 12 }), (parts) => {
        const { log, lines } = collect(DEFAULT_LOGGING)
        log.info(parts.join(''))
        const [, ...more] = (lines[0] ?? '').split('\n')
        for (const line of more) assert.ok(line.startsWith('\t'))
        assert.ok(!lines[0]?.includes('\r') && !lines[0]?.includes('\x1b'))
      }),
    )
  })

  test('tags add up and keep the level', () => {
    const { log, lines } = collect({ level: 'ERROR', format: 'default', prefix: '', colours: false })
    const tagged = log.tagged('[ENDPOINT: /a]').tagged('[CEL]')
    tagged.info('dropped')
    tagged.error('kept')
    assert.equal(lines.length, 1)
    assert.ok(lines[0]?.endsWith('[ENDPOINT: /a] [CEL] kept'))
    assert.ok(!tagged.isEnabled('WARNING'))
    assert.ok(tagged.isEnabled('CRITICAL'))
  })
})

describe('planLogging', () => {
  test('takes the level in any case', () => {
    assert.equal(planLogging({ level: 'warning', stdout: true }, false).options.level, 'WARNING')
  })

  test('an unknown level means the default logger and a warning that names it', () => {
    const { options, warnings } = planLogging({ level: 'LOUD', stdout: true, prefix: 'x' }, true)
    assert.deepEqual(options, DEFAULT_LOGGING)
    assert.match(warnings.join(), /Unable to create the logger: unknown level "LOUD"/)
  })

  test('neither stdout nor syslog: no lines, and a reason', () => {
    const plan = planLogging({ level: 'DEBUG' }, false)
    const { log, lines } = collect(plan.options)
    log.critical('lost')
    assert.deepEqual(lines, [])
    assert.ok(!log.isEnabled('CRITICAL'))
    assert.match(plan.silence ?? '', /"stdout": true/)
  })

  test('syslog and custom are told to be unavailable, and the log is written all the same', () => {
    const { options, warnings, silence } = planLogging({ level: 'INFO', syslog: true, format: 'custom' }, false)
    assert.deepEqual(options, { level: 'INFO', format: 'default', prefix: '', colours: false })
    assert.equal(warnings.length, 2)
    assert.equal(silence, null)
  })
})
