import { ERRNO, type Errno, WasiError } from './errno.ts'
import { fileCall } from './node-errno.ts'

const NUMBERS: Readonly<Record<string, Errno>> = {
  EACCES: ERRNO.acces,
  EADDRINUSE: ERRNO.addrInUse,
  EADDRNOTAVAIL: ERRNO.addrNotAvail,
  EAFNOSUPPORT: ERRNO.afNoSupport,
  ECONNABORTED: ERRNO.connAborted,
  ECONNREFUSED: ERRNO.connRefused,
  ECONNRESET: ERRNO.connReset,
  EHOSTUNREACH: ERRNO.hostUnreach,
  EINVAL: ERRNO.inval,
  EMFILE: ERRNO.mfile,
  EMSGSIZE: ERRNO.inval,
  ENETUNREACH: ERRNO.netUnreach,
  ENFILE: ERRNO.nfile,
  ENOENT: ERRNO.noEnt,
  ENOTCONN: ERRNO.notConn,
  ENOTDIR: ERRNO.notDir,
  ENOTSUP: ERRNO.notSup,
  EPERM: ERRNO.perm,
  EPIPE: ERRNO.pipe,
  ERR_BUFFER_OUT_OF_BOUNDS: ERRNO.fault,
  ERR_OUT_OF_RANGE: ERRNO.inval,
  ERR_SOCKET_BAD_PORT: ERRNO.inval,
  ERR_SOCKET_BUFFER_SIZE: ERRNO.inval,
  ERR_SOCKET_DGRAM_NOT_RUNNING: ERRNO.badf,
  ERR_STREAM_DESTROYED: ERRNO.pipe,
  ERR_STREAM_WRITE_AFTER_END: ERRNO.pipe,
  ERR_SOCKET_CLOSED: ERRNO.pipe,
  ETIMEDOUT: ERRNO.timedOut,
}

/** The number for an error of a socket. */
export function socketErrno(error: Error): Errno {
  return ('code' in error ? NUMBERS[String(error.code)] : undefined) ?? ERRNO.io
}

/** A function of the guest's that works on sockets: errors of Node's become error numbers. */
export function socketCall<Parameters extends readonly unknown[]>(
  run: (...parameters: Parameters) => void,
): (...parameters: Parameters) => number {
  return fileCall((...parameters: Parameters) => {
    try {
      run(...parameters)
    } catch (error) {
      // Without a code it is none of Node's, but a fault of the gateway, or of a pointer.
      if (error instanceof WasiError || !(error instanceof Error && 'code' in error)) throw error
      throw new WasiError(socketErrno(error), error.message)
    }
  })
}
