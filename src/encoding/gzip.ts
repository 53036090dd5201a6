import { constants } from 'node:buffer'
import { createGunzip, gunzip as gunzipAsync, gunzipSync } from 'node:zlib'
import { BodyStream } from '../pipes/body.ts'
import { DecodeError } from './decode-error.ts'

// Up to here the thread pool costs more than the work (about 20 µs to and fro).
const MAX_SYNC_COMPRESSED = 32_768
const MAX_SYNC_DECODED = 1_048_576
const MIN_GZIP_BYTES = 18

/**
 * Decodes a whole body in gzip (RFC 1952): at once when it is short, else on the thread pool.
 * @param maxBytes limit of the decoded length, at least 1
 * @throws DecodeError when it is no gzip, is cut off, or is longer than allowed; on the thread pool rejects with it
 */
export function gunzip(bytes: Buffer, maxBytes: number): Buffer | Promise<Buffer> {
  const maxOutputLength = Math.min(maxBytes, constants.MAX_LENGTH)
  if (bytes.length === 0) return bytes // a message without a body may name an encoding all the same
  if (bytes.length <= MAX_SYNC_COMPRESSED && declaredLength(bytes) <= MAX_SYNC_DECODED) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.min(maxOutputLength, MAX_SYNC_DECODED) })
    } catch (error) {
      // What it states of its length may be a lie, which must not hold up others for longer.
      if (!(error instanceof RangeError) || maxOutputLength <= MAX_SYNC_DECODED) throw gzipError(error, maxBytes)
    }
  }
  return new Promise((resolve, reject) => {
    gunzipAsync(bytes, { maxOutputLength }, (error, decoded) => {
      if (error === null) resolve(decoded)
      else reject(gzipError(error, maxBytes))
    })
  })
}

/**
 * Decodes a body in gzip while it passes, with back-pressure from end to end. Broken or cut off data makes the stream
 * fail, so that nobody takes the first part for the whole.
 * @param named makes of the failure what the stream fails with
 */
export function gunzipStream(body: BodyStream, named: (failure: DecodeError) => Error = (same) => same): BodyStream {
  const decoder = createGunzip()
  let isEmpty = true
  const decoded: BodyStream = new BodyStream({
    start: () => {
      decoder.on('data', (chunk: Buffer) => decoded.push(chunk))
      body.pipeTo({
        write: (chunk) => {
          isEmpty = false
          return decoder.write(chunk)
        },
        end: () => {
          if (isEmpty) decoded.end()
          else decoder.end()
        },
        fail: (error) => {
          decoder.destroy()
          decoded.fail(error)
        },
      })
    },
    pause: () => void decoder.pause(),
    resume: () => void decoder.resume(),
    cancel: (reason) => {
      decoder.destroy()
      body.cancel(reason)
    },
  })
  decoder.on('drain', () => body.resume())
  decoder.on('end', () => decoded.end())
  decoder.on('error', (error) => {
    const failure = named(gzipError(error, Number.POSITIVE_INFINITY))
    decoded.fail(failure)
    body.cancel(failure)
  })
  return decoded
}

/** The decoded length modulo 2^32 that the last member states (RFC 1952, section 2.3.1): a hint, not a promise. */
function declaredLength(bytes: Buffer): number {
  return bytes.length < MIN_GZIP_BYTES ? 0 : bytes.readUInt32LE(bytes.length - 4)
}

function gzipError(error: unknown, maxBytes: number): DecodeError {
  if (error instanceof RangeError) return new DecodeError('gzip', `it is longer than ${maxBytes} bytes`, error)
  return new DecodeError('gzip', error instanceof Error ? error.message : String(error), error)
}
