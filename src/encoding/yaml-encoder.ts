import { ExactNumber } from '../pipes/exact-number.ts'
import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'

/**
 * Writes data as YAML (specification: core 5.2): members sorted, two blanks of indentation, lists at the indentation of
 * their key. What is read differently by YAML 1.1 and 1.2 (`yes`, `0777`, dates) is quoted.
 */
export function encodeYaml(data: DataObject | null): string {
  if (data === null || Object.keys(data).length === 0) return '{}\n'
  return writeObject(data, '')
}

/** The lines of a block; the first one is not indented, since what stands before it on the line is the caller's. */
function writeObject(object: DataObject, indent: string): string {
  let lines = ''
  for (const key of Object.keys(object).sort()) {
    const value = object[key]
    if (value === undefined) continue
    const name = writeText(key)
    const separator = lines === '' ? '' : indent
    // A key on one line with its value may have 1024 characters (YAML 1.2, section 7.4.2).
    const head = name.length < MAX_SIMPLE_KEY ? `${name}:` : `? ${name}\n${indent}:`
    lines += separator + head + writeMember(value, indent)
  }
  return lines
}

const MAX_SIMPLE_KEY = 1000

function writeMember(value: DataValue, indent: string): string {
  if (Array.isArray(value) && value.length > 0) return `\n${indent}${writeList(value, indent)}`
  if (isDataObject(value) && hasMembers(value)) return `\n${indent}  ${writeObject(value, `${indent}  `)}`
  return ` ${writeScalar(value)}\n`
}

function writeList(list: readonly DataValue[], indent: string): string {
  const inner = `${indent}  `
  let lines = ''
  for (const value of list) {
    const separator = lines === '' ? '' : indent
    let item: string
    if (Array.isArray(value) && value.length > 0) item = writeList(value, inner)
    else if (isDataObject(value) && hasMembers(value)) item = writeObject(value, inner)
    else item = `${writeScalar(value)}\n`
    lines += `${separator}- ${item}`
  }
  return lines
}

function hasMembers(object: DataObject): boolean {
  for (const key in object) if (object[key] !== undefined) return true
  return false
}

function writeScalar(value: DataValue): string {
  if (typeof value === 'string') return writeText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? writeNumber(String(value)) : 'null'
  if (value instanceof ExactNumber) return writeNumber(value.text)
  if (Array.isArray(value)) return '[]'
  return isDataObject(value) ? '{}' : String(value)
}

/** YAML 1.1 wants a point and a sign where there is an exponent. */
function writeNumber(text: string): string {
  const match = /^([^eE.]*)(\.[^eE]*)?[eE]([+-]?)(.*)$/.exec(text)
  return match === null ? text : `${match[1]}${match[2] ?? '.0'}e${match[3] || '+'}${match[4]}`
}

// Letters that are no word with a meaning; what begins with a digit, sign or point may be a number or a date somewhere.
const PLAIN = /^[\p{L}_/][\p{L}\p{N}\p{S}\p{M} _/.,:;()!?@%&*'"=[\]{}#|>+-]*$/u
const NOT_PLAIN = /: |:$| #| $/
const WORDS = /^(?:y|yes|n|no|on|off|true|false|null)$/i

function writeText(text: string): string {
  if (PLAIN.test(text) && !NOT_PLAIN.test(text) && !WORDS.test(text)) return text
  // JSON's strings are YAML's double-quoted ones but for a few characters that YAML does not print.
  return JSON.stringify(text.toWellFormed()).replace(UNPRINTABLE, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g
