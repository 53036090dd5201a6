/** Error numbers of WASI preview 1 that guests are given. */
export const ERRNO = {
  success: 0,
  acces: 2,
  addrInUse: 3,
  addrNotAvail: 4,
  afNoSupport: 5,
  again: 6,
  badf: 8,
  busy: 10,
  connAborted: 13,
  connRefused: 14,
  connReset: 15,
  dquot: 19,
  exist: 20,
  fault: 21,
  fbig: 22,
  hostUnreach: 23,
  ilSeq: 25,
  inProgress: 26,
  intr: 27,
  inval: 28,
  io: 29,
  isConn: 30,
  isDir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  nameTooLong: 37,
  netUnreach: 40,
  nfile: 41,
  noDev: 43,
  noEnt: 44,
  noMem: 48,
  noSpc: 51,
  noSys: 52,
  notConn: 53,
  notDir: 54,
  notEmpty: 55,
  notSock: 57,
  notSup: 58,
  nxio: 60,
  overflow: 61,
  perm: 63,
  pipe: 64,
  rofs: 69,
  sPipe: 70,
  timedOut: 73,
  txtBusy: 74,
  xdev: 75,
  notCapable: 76,
} as const

export type Errno = (typeof ERRNO)[keyof typeof ERRNO]

/** A call of the guest failed: it is given the number. */
export class WasiError extends Error {
  override name = 'WasiError'
  readonly errno: Errno

  constructor(errno: Errno, message = `errno ${errno}`) {
    super(message)
    this.errno = errno
  }
}
