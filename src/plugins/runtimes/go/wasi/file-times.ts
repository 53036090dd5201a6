import type { BigIntStats } from 'node:fs'
import { ERRNO, WasiError } from './errno.ts'

/** What of the times is set, and to what (WASI's `fstflags`). */
const SET_ACCESS = 1
const SET_ACCESS_NOW = 2
const SET_CHANGE = 4
const SET_CHANGE_NOW = 8

/** A time as Node's `utimes` functions take it: seconds, or a date. */
export type FileTime = number | Date

/**
 * The times of access and of change that a guest asks for. Node takes seconds as a floating point number, so a time of
 * these days is kept to a quarter of a microsecond, and one before 1970 to a millisecond.
 * @param current the metadata, for the time that stays as it is
 */
export function timesOf(
  access: bigint,
  change: bigint,
  flags: number,
  current: () => BigIntStats,
): readonly [access: FileTime, change: FileTime] {
  const contradicts = (one: number, other: number) => (flags & one) !== 0 && (flags & other) !== 0
  if (contradicts(SET_ACCESS, SET_ACCESS_NOW) || contradicts(SET_CHANGE, SET_CHANGE_NOW)) {
    throw new WasiError(ERRNO.inval)
  }
  const time = (value: bigint, set: number, now: number, kept: 'atimeNs' | 'mtimeNs') => {
    if ((flags & set) !== 0) return fileTime(value)
    return (flags & now) !== 0 ? new Date() : fileTime(current()[kept])
  }
  return [time(access, SET_ACCESS, SET_ACCESS_NOW, 'atimeNs'), time(change, SET_CHANGE, SET_CHANGE_NOW, 'mtimeNs')]
}

function fileTime(nanoseconds: bigint): FileTime {
  const value = BigInt.asIntN(64, nanoseconds)
  // A negative number would stand for the present time.
  return value < 0n ? new Date(Number(value / 1_000_000n)) : Number(value) / 1e9
}
