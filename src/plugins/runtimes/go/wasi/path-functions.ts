import {
  type BigIntStats,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { ERRNO, WasiError } from './errno.ts'
import { timesOf } from './file-times.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { fileCall } from './node-errno.ts'
import { FileOpener } from './open-file.ts'
import { type FileAccess, guestPath, type Place, pathOf } from './paths.ts'
import { writeFileStat } from './stat.ts'

/** In WASI's `lookupflags`: a link at the end of the path is followed. */
const FOLLOW = 1

/** The functions with which a guest works on files by their paths. */
export function pathFunctions(system: GuestSystem, access: FileAccess): Imports {
  const { memory, descriptors } = system
  const opener = new FileOpener(access, system.wake)
  const path = (fd: number, at: number, length: number) => pathOf(descriptors, memory, fd, at, length)
  const entry = <T>(fd: number, at: number, length: number, then: (place: Place) => T): T =>
    access.at(path(fd, at, length), 'entry', false, then)

  return {
    path_open: fileCall(
      (
        fd: number,
        lookup: number,
        at: number,
        length: number,
        oflags: number,
        rights: bigint,
        _inherited: bigint,
        fdflags: number,
        result: number,
      ) => {
        const follow = (lookup & FOLLOW) !== 0
        const request = { path: path(fd, at, length), follow, oflags, fdflags }
        const opened = opener.open({ ...request, rights: Number(rights & 0xff_ff_ff_ffn) })
        memory.view.setUint32(result, descriptors.add(opened), true)
      },
    ),
    path_filestat_get: fileCall((fd: number, lookup: number, at: number, length: number, result: number) => {
      const stats = access.at(path(fd, at, length), 'look', (lookup & FOLLOW) !== 0, statsAt)
      writeFileStat(memory, result, stats)
    }),
    path_filestat_set_times: fileCall(
      (fd: number, lookup: number, at: number, length: number, accessed: bigint, changed: bigint, flags: number) => {
        access.at(path(fd, at, length), 'write', (lookup & FOLLOW) !== 0, (place) => {
          const times = timesOf(accessed, changed, flags, () => statsAt(place))
          if (place.follow) utimesSync(place.path, ...times)
          else lutimesSync(place.path, ...times)
        })
      },
    ),
    path_create_directory: fileCall((fd: number, at: number, length: number) =>
      access.at(path(fd, at, length), 'write', false, (place) => mkdirSync(place.path)),
    ),
    path_remove_directory: fileCall((fd: number, at: number, length: number) =>
      entry(fd, at, length, (place) => rmdirSync(place.path)),
    ),
    path_unlink_file: fileCall((fd: number, at: number, length: number) =>
      entry(fd, at, length, (place) => {
        mustFit(place)
        unlinkSync(place.path)
      }),
    ),
    path_rename: fileCall((fd: number, at: number, length: number, newFd: number, newAt: number, newLength: number) =>
      entry(fd, at, length, (from) =>
        entry(newFd, newAt, newLength, (to) => {
          mustFit(from)
          renameSync(from.path, to.path)
        }),
      ),
    ),
    path_link: fileCall(
      (fd: number, lookup: number, at: number, length: number, newFd: number, newAt: number, newLength: number) =>
        // A second name is a way to change the file: who may only read it must not make one.
        access.at(path(fd, at, length), 'write', (lookup & FOLLOW) !== 0, (from) =>
          entry(newFd, newAt, newLength, (to) => linkSync(from.path, to.path)),
        ),
    ),
    path_symlink: fileCall((targetAt: number, targetLength: number, fd: number, at: number, length: number) => {
      // Where it leads to is looked at when it is followed.
      const target = guestPath(memory, targetAt, targetLength)
      entry(fd, at, length, (place) => symlinkSync(target, place.path))
    }),
    path_readlink: fileCall((fd: number, at: number, length: number, buffer: number, room: number, result: number) => {
      const target = access.at(path(fd, at, length), 'look', false, ({ path: place }) =>
        readlinkSync(place, { encoding: 'buffer' }),
      )
      const written = target.subarray(0, room)
      memory.bytes(buffer, room).set(written)
      memory.view.setUint32(result, written.length, true)
    }),
  }
}

function statsAt(place: Place): BigIntStats {
  const stats = (place.follow ? statSync : lstatSync)(place.path, { bigint: true })
  if (place.folder && !stats.isDirectory()) throw new WasiError(ERRNO.notDir)
  return stats
}

/** A slash at the end of a path says that a folder is meant. */
function mustFit(place: Place): void {
  if (place.folder) statsAt(place)
}
