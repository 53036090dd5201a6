//go:build wasip1

package net

import (
	"internal/poll"
	"os"
	"runtime"
	"syscall"
	"time"
)

const (
	readSyscallName  = "fd_read"
	writeSyscallName = "fd_write"
)

// netFD is a socket of the host.
type netFD struct {
	pfd poll.FD

	// They do not change until Close.
	family      int
	sotype      int
	isConnected bool
	net         string
	laddr       Addr
	raddr       Addr
}

func newSocketFD(net string, sysfd, family, sotype int) *netFD {
	return &netFD{
		pfd: poll.FD{
			Sysfd:         sysfd,
			IsStream:      sotype == syscall.SOCK_STREAM,
			ZeroReadIsEOF: sotype == syscall.SOCK_STREAM,
		},
		family: family,
		sotype: sotype,
		net:    net,
	}
}

// newPollFD is for descriptors that the program was given as files.
func newPollFD(net string, pfd poll.FD) *netFD {
	fd := &netFD{pfd: pfd, net: net, isConnected: true}
	switch net {
	case "tcp":
		fd.laddr, fd.raddr = new(TCPAddr), new(TCPAddr)
	case "udp":
		fd.laddr, fd.raddr = new(UDPAddr), new(UDPAddr)
	default:
		fd.laddr, fd.raddr = unknownAddr{}, unknownAddr{}
	}
	return fd
}

func (fd *netFD) init() error {
	return fd.pfd.Init(fd.net, true)
}

func (fd *netFD) setAddr(laddr, raddr Addr) {
	fd.laddr = laddr
	fd.raddr = raddr
	runtime.SetFinalizer(fd, (*netFD).Close)
}

func (fd *netFD) accept() (*netFD, error) {
	sysfd, _, call, err := fd.pfd.Accept()
	if err != nil {
		if call != "" {
			err = wrapSyscallError(call, err)
		}
		return nil, err
	}
	conn := newSocketFD(fd.net, sysfd, fd.family, fd.sotype)
	conn.isConnected = true
	if err := conn.init(); err != nil {
		conn.Close()
		return nil, err
	}
	conn.setHostAddrs(nil)
	return conn, nil
}

func (fd *netFD) Close() error {
	runtime.SetFinalizer(fd, nil)
	return fd.pfd.Close()
}

func (fd *netFD) Read(p []byte) (int, error) {
	n, err := fd.pfd.Read(p)
	runtime.KeepAlive(fd)
	return n, wrapSyscallError(readSyscallName, err)
}

func (fd *netFD) Write(p []byte) (int, error) {
	if fd.sotype == syscall.SOCK_DGRAM {
		// An empty datagram is one too.
		return fd.send(p, nil)
	}
	n, err := fd.pfd.Write(p)
	runtime.KeepAlive(fd)
	return n, wrapSyscallError(writeSyscallName, err)
}

func (fd *netFD) SetDeadline(t time.Time) error      { return fd.pfd.SetDeadline(t) }
func (fd *netFD) SetReadDeadline(t time.Time) error  { return fd.pfd.SetReadDeadline(t) }
func (fd *netFD) SetWriteDeadline(t time.Time) error { return fd.pfd.SetWriteDeadline(t) }

func (fd *netFD) dup() (*os.File, error) {
	return nil, os.NewSyscallError("dup", syscall.ENOSYS)
}

type unknownAddr struct{}

func (unknownAddr) Network() string { return "unknown" }
func (unknownAddr) String() string  { return "unknown" }
