//go:build wasip1

// Half-close, and datagrams with their addresses.

package net

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

func (fd *netFD) closeRead() error  { return fd.shutdown(syscall.SHUT_RD) }
func (fd *netFD) closeWrite() error { return fd.shutdown(syscall.SHUT_WR) }

func (fd *netFD) shutdown(how int) error {
	err := fd.pfd.Shutdown(how)
	runtime.KeepAlive(fd)
	return wrapSyscallError("shutdown", err)
}

func (fd *netFD) receive(p []byte, from *hostAddr) (n int, err error) {
	var errno syscall.Errno
	var size uint32
	err = fd.pfd.RawRead(func(sysfd uintptr) bool {
		errno = sock_recv_from(int32(sysfd), unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)), unsafe.Pointer(from), unsafe.Pointer(&size))
		return errno != syscall.EAGAIN
	})
	runtime.KeepAlive(fd)
	if err == nil && errno != 0 {
		err = os.NewSyscallError("recvfrom", errno)
	}
	return int(size), err
}

func (fd *netFD) send(p []byte, to *hostAddr) (n int, err error) {
	var errno syscall.Errno
	err = fd.pfd.RawWrite(func(sysfd uintptr) bool {
		errno = sock_send_to(int32(sysfd), unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)), unsafe.Pointer(to))
		return errno != syscall.EAGAIN
	})
	runtime.KeepAlive(fd)
	if err == nil && errno != 0 {
		err = os.NewSyscallError("sendto", errno)
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (fd *netFD) readFrom(p []byte) (int, syscall.Sockaddr, error) {
	var from hostAddr
	n, err := fd.receive(p, &from)
	if err != nil {
		return n, nil, err
	}
	return n, from.sockaddr(), nil
}

func (fd *netFD) readFromInet4(p []byte, sa *syscall.SockaddrInet4) (int, error) {
	var from hostAddr
	n, err := fd.receive(p, &from)
	from.inet4(sa)
	return n, err
}

func (fd *netFD) readFromInet6(p []byte, sa *syscall.SockaddrInet6) (int, error) {
	var from hostAddr
	n, err := fd.receive(p, &from)
	from.inet6(sa)
	return n, err
}

func (fd *netFD) readMsg(p, oob []byte, flags int) (n, oobn, retflags int, sa syscall.Sockaddr, err error) {
	if flags != 0 {
		return 0, 0, 0, nil, os.NewSyscallError("recvmsg", syscall.ENOTSUP)
	}
	n, sa, err = fd.readFrom(p)
	return n, 0, 0, sa, err
}

func (fd *netFD) readMsgInet4(p, oob []byte, flags int, sa *syscall.SockaddrInet4) (n, oobn, retflags int, err error) {
	if flags != 0 {
		return 0, 0, 0, os.NewSyscallError("recvmsg", syscall.ENOTSUP)
	}
	n, err = fd.readFromInet4(p, sa)
	return n, 0, 0, err
}

func (fd *netFD) readMsgInet6(p, oob []byte, flags int, sa *syscall.SockaddrInet6) (n, oobn, retflags int, err error) {
	if flags != 0 {
		return 0, 0, 0, os.NewSyscallError("recvmsg", syscall.ENOTSUP)
	}
	n, err = fd.readFromInet6(p, sa)
	return n, 0, 0, err
}

func (fd *netFD) writeTo(p []byte, sa syscall.Sockaddr) (int, error) {
	if sa == nil {
		return fd.Write(p)
	}
	var to hostAddr
	if err := to.set(sa); err != nil {
		return 0, err
	}
	return fd.send(p, &to)
}

func (fd *netFD) writeToInet4(p []byte, sa *syscall.SockaddrInet4) (int, error) {
	var to hostAddr
	to.setInet4(sa)
	return fd.send(p, &to)
}

func (fd *netFD) writeToInet6(p []byte, sa *syscall.SockaddrInet6) (int, error) {
	var to hostAddr
	to.setInet6(sa)
	return fd.send(p, &to)
}

func (fd *netFD) writeMsg(p, oob []byte, sa syscall.Sockaddr) (n, oobn int, err error) {
	if len(oob) > 0 {
		return 0, 0, os.NewSyscallError("sendmsg", syscall.ENOTSUP)
	}
	n, err = fd.writeTo(p, sa)
	return n, 0, err
}

func (fd *netFD) writeMsgInet4(p, oob []byte, sa *syscall.SockaddrInet4) (n, oobn int, err error) {
	if sa == nil || fd.isConnected {
		return fd.writeMsg(p, oob, nil)
	}
	return fd.writeMsg(p, oob, sa)
}

func (fd *netFD) writeMsgInet6(p, oob []byte, sa *syscall.SockaddrInet6) (n, oobn int, err error) {
	if sa == nil || fd.isConnected {
		return fd.writeMsg(p, oob, nil)
	}
	return fd.writeMsg(p, oob, sa)
}
