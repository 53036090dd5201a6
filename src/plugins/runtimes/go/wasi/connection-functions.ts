import { ERRNO, WasiError } from './errno.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { fileCall } from './node-errno.ts'

/** What is shut down (WASI's `sdflags`). */
const READING = 1
const WRITING = 2

/**
 * The functions about connections that WASI preview 1 has, and that Go's `net` package calls. Go receives and sends with
 * `fd_read` and `fd_write`.
 */
export function connectionFunctions({ memory, descriptors }: GuestSystem): Imports {
  return {
    sock_accept: fileCall((fd: number, _flags: number, result: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor.accept === undefined) throw new WasiError(ERRNO.notSock)
      memory.view.setUint32(result, descriptors.add(descriptor.accept()), true)
    }),
    sock_shutdown: fileCall((fd: number, how: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor.shutdown === undefined) throw new WasiError(ERRNO.notSock)
      if ((how & (READING | WRITING)) === 0) throw new WasiError(ERRNO.inval)
      descriptor.shutdown((how & READING) !== 0, (how & WRITING) !== 0)
    }),
    sock_recv: () => ERRNO.noSys,
    sock_send: () => ERRNO.noSys,
  }
}
