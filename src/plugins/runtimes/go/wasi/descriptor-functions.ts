import { fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, futimesSync } from 'node:fs'
import { type Descriptor, FILE_TYPE } from './descriptor.ts'
import { ERRNO, WasiError } from './errno.ts'
import { FileDescriptor, WHENCE } from './file-descriptor.ts'
import { timesOf } from './file-times.ts'
import { FolderDescriptor } from './folder-descriptor.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { fileCall } from './node-errno.ts'
import { FD_FLAG } from './open-file.ts'
import { writeBareStat, writeFileStat } from './stat.ts'
import { transferAll } from './vectors.ts'

/** The functions with which a guest works on what it has open. */
export function descriptorFunctions({ memory, descriptors }: GuestSystem): Imports {
  const fileAt = (fd: number): FileDescriptor => {
    const descriptor = descriptors.get(fd)
    if (descriptor instanceof FileDescriptor) return descriptor
    throw new WasiError(descriptor.type === FILE_TYPE.directory ? ERRNO.isDir : ERRNO.sPipe)
  }
  /** A file that was opened for reading has an owner that could change its times all the same. */
  const changeableAt = (fd: number): { readonly fd: number } => {
    const { fd: own, mayChange } = openAt(descriptors.get(fd))
    if (!mayChange) throw new WasiError(ERRNO.acces)
    return { fd: own }
  }

  return {
    fd_read: fileCall((fd: number, list: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor instanceof FolderDescriptor) throw new WasiError(ERRNO.isDir)
      if (descriptor.read === undefined) throw new WasiError(ERRNO.badf)
      const done = transferAll(memory, list, count, (target) => descriptor.read?.(target) ?? 0)
      memory.view.setUint32(result, done, true)
    }),
    fd_write: fileCall((fd: number, list: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor.write === undefined) throw new WasiError(ERRNO.badf)
      const done = transferAll(memory, list, count, (source) => descriptor.write?.(source) ?? 0)
      memory.view.setUint32(result, done, true)
    }),
    fd_pread: fileCall((fd: number, list: number, count: number, offset: bigint, result: number) => {
      const file = fileAt(fd)
      const start = placeOf(offset)
      const done = transferAll(memory, list, count, (target, before) => file.readAt(target, start + before))
      memory.view.setUint32(result, done, true)
    }),
    fd_pwrite: fileCall((fd: number, list: number, count: number, offset: bigint, result: number) => {
      const file = fileAt(fd)
      const start = placeOf(offset)
      const done = transferAll(memory, list, count, (source, before) => file.writeAt(source, start + before))
      memory.view.setUint32(result, done, true)
    }),
    fd_seek: fileCall((fd: number, offset: bigint, whence: number, result: number) => {
      memory.view.setBigUint64(result, BigInt(fileAt(fd).seek(offset, whence)), true)
    }),
    fd_tell: fileCall((fd: number, result: number) => {
      memory.view.setBigUint64(result, BigInt(fileAt(fd).seek(0n, WHENCE.current)), true)
    }),
    fd_close: fileCall((fd: number) => descriptors.close(fd)),
    fd_sync: fileCall((fd: number) => fsyncSync(openAt(descriptors.get(fd)).fd)),
    fd_datasync: fileCall((fd: number) => fdatasyncSync(openAt(descriptors.get(fd)).fd)),
    fd_advise: fileCall((fd: number) => void fileAt(fd)),
    fd_allocate: fileCall((fd: number, offset: bigint, length: bigint) => {
      const file = fileAt(fd)
      const end = placeOf(offset) + placeOf(length)
      if (fstatSync(file.fd).size < end) ftruncateSync(file.fd, end)
    }),
    fd_filestat_get: fileCall((fd: number, result: number) => {
      const descriptor = descriptors.get(fd)
      const own = systemFd(descriptor)
      if (own === null) writeBareStat(memory, result, descriptor.type)
      else writeFileStat(memory, result, fstatSync(own, { bigint: true }))
    }),
    fd_filestat_set_size: fileCall((fd: number, size: bigint) => ftruncateSync(fileAt(fd).fd, placeOf(size))),
    fd_filestat_set_times: fileCall((fd: number, access: bigint, change: bigint, flags: number) => {
      const { fd: own } = changeableAt(fd)
      const times = timesOf(access, change, flags, () => fstatSync(own, { bigint: true }))
      futimesSync(own, ...times)
    }),
    fd_renumber: fileCall((from: number, to: number) => descriptors.move(from, to)),
    fd_fdstat_get: fileCall((fd: number, result: number) => {
      const descriptor = descriptors.get(fd)
      const { view } = memory
      memory.bytes(result, 24).fill(0)
      view.setUint8(result, descriptor.type)
      view.setUint16(result + 2, flagsOf(descriptor), true)
      // All rights: what a guest may do is not decided by them.
      view.setBigUint64(result + 8, 0xff_ff_ff_ffn, true)
      view.setBigUint64(result + 16, 0xff_ff_ff_ffn, true)
    }),
    fd_fdstat_set_flags: fileCall((fd: number, flags: number) => {
      const descriptor = descriptors.get(fd)
      if (!isOnDisk(descriptor)) return
      // Refused as Linux refuses to wait for files, so that Go does not put them into its poller, as it does not there.
      if ((flags & FD_FLAG.nonBlock) !== 0) throw new WasiError(ERRNO.notSup)
      if (flags !== descriptor.flags) throw new WasiError(ERRNO.notSup)
    }),
    fd_fdstat_set_rights: fileCall((fd: number) => void descriptors.get(fd)),
    fd_prestat_get: fileCall((fd: number, result: number) => {
      rootAt(descriptors.get(fd))
      memory.bytes(result, 8).fill(0)
      memory.view.setUint32(result + 4, 1, true)
    }),
    fd_prestat_dir_name: fileCall((fd: number, at: number, length: number) => {
      rootAt(descriptors.get(fd))
      if (length < 1) throw new WasiError(ERRNO.nameTooLong)
      memory.bytes(at, 1).set([0x2f])
    }),
    fd_readdir: fileCall((fd: number, at: number, room: number, cookie: bigint, result: number) => {
      const folder = descriptors.get(fd)
      if (!(folder instanceof FolderDescriptor)) throw new WasiError(ERRNO.notDir)
      memory.view.setUint32(result, folder.list(memory, at, room, placeOf(cookie)), true)
    }),
  }
}

/** What Go's poller waits for has this flag: all that is not on a disk. */
function flagsOf(descriptor: Descriptor): number {
  if (isOnDisk(descriptor)) return descriptor.flags
  const flags = descriptor instanceof FileDescriptor ? descriptor.flags : 0
  return flags | FD_FLAG.nonBlock
}

function isOnDisk(descriptor: Descriptor): descriptor is FileDescriptor | FolderDescriptor {
  if (descriptor instanceof FolderDescriptor) return true
  return descriptor instanceof FileDescriptor && descriptor.type === FILE_TYPE.regularFile
}

function systemFd(descriptor: Descriptor): number | null {
  return descriptor instanceof FileDescriptor || descriptor instanceof FolderDescriptor ? descriptor.fd : null
}

function openAt(descriptor: Descriptor): { readonly fd: number; readonly mayChange: boolean } {
  const fd = systemFd(descriptor)
  if (fd === null) throw new WasiError(ERRNO.inval)
  return { fd, mayChange: !('mayChange' in descriptor) || descriptor.mayChange === true }
}

function rootAt(descriptor: Descriptor): void {
  if (!(descriptor instanceof FolderDescriptor) || descriptor.fd !== null) throw new WasiError(ERRNO.badf)
}

/** An offset or a size, which the guest may take for a number with a sign. */
function placeOf(value: bigint): number {
  const signed = BigInt.asIntN(64, value)
  if (signed < 0n) throw new WasiError(ERRNO.inval)
  if (signed > BigInt(Number.MAX_SAFE_INTEGER)) throw new WasiError(ERRNO.fbig)
  return Number(signed)
}
