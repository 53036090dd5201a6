//go:build wasip1

// Sockets of the host in place of the fake network. A socket is a descriptor like any other: it is read, written, waited
// for and closed by the same calls as files are. Only what files do not have is imported here.

package net

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// The remote address of a stream must be given; of a datagram socket as well, which then talks to that one only. The
// local one may be nil. The descriptor is ready for writing when the outcome is known, which sock_error tells.
//
//go:wasmimport loligo sock_connect
//go:noescape
func sock_connect(sotype uint32, remote, local unsafe.Pointer, fd unsafe.Pointer) syscall.Errno

// A listener, or a datagram socket that talks to anyone. The outcome is told as for sock_connect.
//
//go:wasmimport loligo sock_listen
//go:noescape
func sock_listen(sotype uint32, local unsafe.Pointer, ipv6only uint32, fd unsafe.Pointer) syscall.Errno

//go:wasmimport loligo sock_error
//go:noescape
func sock_error(fd int32) syscall.Errno

//go:wasmimport loligo sock_addr
//go:noescape
func sock_addr(fd int32, peer uint32, addr unsafe.Pointer) syscall.Errno

//go:wasmimport loligo sock_option
//go:noescape
func sock_option(fd int32, option uint32, value int32) syscall.Errno

//go:wasmimport loligo sock_recv_from
//go:noescape
func sock_recv_from(fd int32, buf unsafe.Pointer, size uint32, addr unsafe.Pointer, n unsafe.Pointer) syscall.Errno

// The address is nil where the socket talks to one only.
//
//go:wasmimport loligo sock_send_to
//go:noescape
func sock_send_to(fd int32, buf unsafe.Pointer, size uint32, addr unsafe.Pointer) syscall.Errno

// hostAddr is an address as the host reads and writes it.
type hostAddr struct {
	family uint8 // syscall.AF_*
	length uint8 // of a path
	port   uint16
	zone   uint32
	bytes  [108]byte // 4 or 16 of an address, or a path
}

func (a *hostAddr) set(sa syscall.Sockaddr) error {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		a.setInet4(sa)
	case *syscall.SockaddrInet6:
		a.setInet6(sa)
	case *syscall.SockaddrUnix:
		if len(sa.Name) > len(a.bytes) {
			return syscall.ENAMETOOLONG
		}
		a.family = syscall.AF_UNIX
		a.length = uint8(copy(a.bytes[:], sa.Name))
	default:
		return syscall.EAFNOSUPPORT
	}
	return nil
}

func (a *hostAddr) setInet4(sa *syscall.SockaddrInet4) {
	a.family = syscall.AF_INET
	a.port = uint16(sa.Port)
	copy(a.bytes[:], sa.Addr[:])
}

func (a *hostAddr) setInet6(sa *syscall.SockaddrInet6) {
	a.family = syscall.AF_INET6
	a.port = uint16(sa.Port)
	a.zone = sa.ZoneId
	copy(a.bytes[:], sa.Addr[:])
}

func (a *hostAddr) inet4(sa *syscall.SockaddrInet4) {
	sa.Port = int(a.port)
	copy(sa.Addr[:], a.bytes[:])
}

func (a *hostAddr) inet6(sa *syscall.SockaddrInet6) {
	sa.Port = int(a.port)
	sa.ZoneId = a.zone
	copy(sa.Addr[:], a.bytes[:])
}

func (a *hostAddr) sockaddr() syscall.Sockaddr {
	switch a.family {
	case syscall.AF_INET:
		sa := new(syscall.SockaddrInet4)
		a.inet4(sa)
		return sa
	case syscall.AF_INET6:
		sa := new(syscall.SockaddrInet6)
		a.inet6(sa)
		return sa
	case syscall.AF_UNIX:
		return &syscall.SockaddrUnix{Name: string(a.bytes[:a.length])}
	}
	return nil
}

func sysSocket(family, sotype, proto int) (int, error) {
	return 0, os.NewSyscallError("socket", syscall.ENOSYS)
}

// socket returns a connection to raddr, or, without one, what listens at laddr.
func socket(ctx context.Context, net string, family, sotype, proto int, ipv6only bool, laddr, raddr sockaddr, ctrlCtxFn func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	if sotype != syscall.SOCK_STREAM && (sotype != syscall.SOCK_DGRAM || family == syscall.AF_UNIX) {
		return nil, os.NewSyscallError("socket", syscall.EPROTONOSUPPORT)
	}
	if ctrlCtxFn != nil {
		addr := raddr
		if addr == nil {
			addr = laddr
		}
		var text string
		if addr != nil {
			text = addr.String()
		}
		if err := ctrlCtxFn(ctx, networkOfFamily(net, family), text, unopenedConn{}); err != nil {
			return nil, err
		}
	}
	if raddr != nil {
		return dialSocket(ctx, net, family, sotype, laddr, raddr)
	}
	return listenSocket(ctx, net, family, sotype, ipv6only, laddr)
}

func networkOfFamily(net string, family int) string {
	if family == syscall.AF_UNIX || net[len(net)-1] == '4' || net[len(net)-1] == '6' {
		return net
	}
	if family == syscall.AF_INET {
		return net + "4"
	}
	return net + "6"
}

func dialSocket(ctx context.Context, net string, family, sotype int, laddr, raddr sockaddr) (*netFD, error) {
	var remote, local hostAddr
	if err := remote.of(raddr, family); err != nil {
		return nil, err
	}
	var localPtr unsafe.Pointer
	if laddr != nil {
		if err := local.of(laddr, family); err != nil {
			return nil, err
		}
		localPtr = unsafe.Pointer(&local)
	}
	var sysfd int32
	if errno := sock_connect(uint32(sotype), unsafe.Pointer(&remote), localPtr, unsafe.Pointer(&sysfd)); errno != 0 {
		return nil, os.NewSyscallError("connect", errno)
	}
	fd := newSocketFD(net, int(sysfd), family, sotype)
	fd.isConnected = true
	if err := fd.open(ctx, "connect"); err != nil {
		fd.Close()
		return nil, err
	}
	fd.setHostAddrs(raddr)
	return fd, nil
}

func listenSocket(ctx context.Context, net string, family, sotype int, ipv6only bool, laddr sockaddr) (*netFD, error) {
	var local hostAddr
	if err := local.of(laddr, family); err != nil {
		return nil, err
	}
	var only uint32
	if ipv6only {
		only = 1
	}
	var sysfd int32
	if errno := sock_listen(uint32(sotype), unsafe.Pointer(&local), only, unsafe.Pointer(&sysfd)); errno != 0 {
		return nil, os.NewSyscallError("bind", errno)
	}
	fd := newSocketFD(net, int(sysfd), family, sotype)
	if err := fd.open(ctx, "bind"); err != nil {
		fd.Close()
		return nil, err
	}
	fd.setHostAddrs(nil)
	return fd, nil
}

func (a *hostAddr) of(addr sockaddr, family int) error {
	sa, err := addr.sockaddr(family)
	if err != nil {
		return err
	}
	if sa == nil {
		// A nil *TCPAddr or *UDPAddr: any address.
		a.family = uint8(family)
		return nil
	}
	return a.set(sa)
}

// open waits until the host has connected or bound the socket, or the context is over.
func (fd *netFD) open(ctx context.Context, call string) (err error) {
	if err := fd.init(); err != nil {
		return err
	}
	if done := ctx.Done(); done != nil {
		if deadline, ok := ctx.Deadline(); ok {
			fd.pfd.SetWriteDeadline(deadline)
		}
		stop := context.AfterFunc(ctx, func() { fd.pfd.SetWriteDeadline(aLongTimeAgo) })
		defer func() {
			if !stop() && err == nil {
				// The deadline in the past may come at any time now.
				err = mapErr(ctx.Err())
			}
			if err == nil {
				fd.pfd.SetWriteDeadline(time.Time{})
			}
		}()
	}
	for {
		if err := fd.pfd.WaitWrite(); err != nil {
			if ctx.Err() != nil {
				return mapErr(ctx.Err())
			}
			return err
		}
		switch errno := sock_error(int32(fd.pfd.Sysfd)); errno {
		case 0:
			runtime.KeepAlive(fd)
			return nil
		case syscall.EINPROGRESS:
		default:
			return os.NewSyscallError(call, errno)
		}
	}
}

// setHostAddrs asks the host for the addresses at both ends.
func (fd *netFD) setHostAddrs(raddr sockaddr) {
	local := fd.hostAddr(0)
	var remote Addr
	if fd.isConnected {
		if remote = fd.hostAddr(1); remote == nil && raddr != nil {
			remote = raddr
		}
	}
	if local == nil {
		// It is closed already. Callers expect the type all the same.
		local = fd.addrFunc()((&hostAddr{family: uint8(fd.family)}).sockaddr())
	}
	fd.setAddr(local, remote)
}

func (fd *netFD) hostAddr(peer uint32) Addr {
	var a hostAddr
	if sock_addr(int32(fd.pfd.Sysfd), peer, unsafe.Pointer(&a)) != 0 {
		return nil
	}
	return fd.addrFunc()(a.sockaddr())
}

// unopenedConn is what Control functions of dialers get: they see the address before anything is sent, but the options
// of the socket are the host's.
type unopenedConn struct{}

func (unopenedConn) Control(func(uintptr)) error {
	return os.NewSyscallError("setsockopt", syscall.ENOTSUP)
}
func (unopenedConn) Read(func(uintptr) bool) error {
	return os.NewSyscallError("read", syscall.ENOTSUP)
}
func (unopenedConn) Write(func(uintptr) bool) error {
	return os.NewSyscallError("write", syscall.ENOTSUP)
}
