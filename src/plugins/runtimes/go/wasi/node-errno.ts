import { ERRNO, type Errno, WasiError } from './errno.ts'

/** The numbers for the codes of errors that Node's file system functions throw. */
const NUMBERS: Readonly<Record<string, Errno>> = {
  EACCES: ERRNO.acces,
  EAGAIN: ERRNO.again,
  EBADF: ERRNO.badf,
  EBUSY: ERRNO.busy,
  EDQUOT: ERRNO.dquot,
  EEXIST: ERRNO.exist,
  EFBIG: ERRNO.fbig,
  EINTR: ERRNO.intr,
  EINVAL: ERRNO.inval,
  EIO: ERRNO.io,
  EISDIR: ERRNO.isDir,
  ELOOP: ERRNO.loop,
  EMFILE: ERRNO.mfile,
  EMLINK: ERRNO.mlink,
  ENAMETOOLONG: ERRNO.nameTooLong,
  ENFILE: ERRNO.nfile,
  ENODEV: ERRNO.noDev,
  ENOENT: ERRNO.noEnt,
  ENOMEM: ERRNO.noMem,
  ENOSPC: ERRNO.noSpc,
  ENOSYS: ERRNO.noSys,
  ENOTDIR: ERRNO.notDir,
  ENOTEMPTY: ERRNO.notEmpty,
  ENOTSUP: ERRNO.notSup,
  ENXIO: ERRNO.nxio,
  EOPNOTSUPP: ERRNO.notSup,
  EOVERFLOW: ERRNO.overflow,
  EPERM: ERRNO.perm,
  EPIPE: ERRNO.pipe,
  EROFS: ERRNO.rofs,
  ESPIPE: ERRNO.sPipe,
  ETXTBSY: ERRNO.txtBusy,
  EXDEV: ERRNO.xdev,
}

/**
 * What a guest is told about an error of a file system function. A code that has no number of its own is an input or
 * output error; what is no error of the system is thrown on, for it is a fault of the gateway.
 */
export function toWasiError(error: unknown): WasiError {
  if (error instanceof WasiError) return error
  // A pointer that leads out of the guest's memory.
  if (error instanceof RangeError && !('code' in error)) return new WasiError(ERRNO.fault)
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) throw error
  return new WasiError(NUMBERS[String(error.code)] ?? ERRNO.io, error.message)
}

/** A function of the guest's that works on files: errors of Node's become error numbers. */
export function fileCall<Parameters extends readonly unknown[]>(
  run: (...parameters: Parameters) => void,
): (...parameters: Parameters) => number {
  return (...parameters) => {
    try {
      run(...parameters)
      return ERRNO.success
    } catch (error) {
      return toWasiError(error).errno
    }
  }
}

/** Runs what may fail; what it throws is an error number. */
export function attempt<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw toWasiError(error)
  }
}
