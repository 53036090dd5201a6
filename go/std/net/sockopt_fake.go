//go:build wasip1

package net

import (
	"runtime"
	"syscall"
)

// The options that the host knows.
const (
	optionNoDelay     = 1 // 0 or 1
	optionKeepAlive   = 2 // 0 or 1
	optionKeepIdle    = 3 // seconds
	optionLinger      = 4 // seconds; less than 0: the default
	optionReadBuffer  = 5 // bytes
	optionWriteBuffer = 6 // bytes
	optionBroadcast   = 7 // 0 or 1
)

func (fd *netFD) setOption(option uint32, value int) error {
	var errno syscall.Errno
	err := fd.pfd.RawControl(func(sysfd uintptr) { errno = sock_option(int32(sysfd), option, int32(value)) })
	runtime.KeepAlive(fd)
	if err == nil && errno != 0 {
		err = wrapSyscallError("setsockopt", errno)
	}
	return err
}

func (fd *netFD) setSwitch(option uint32, on bool) error {
	if on {
		return fd.setOption(option, 1)
	}
	return fd.setOption(option, 0)
}

func setDefaultSockopts(s, family, sotype int, ipv6only bool) error { return nil }
func setDefaultListenerSockopts(s int) error                        { return nil }
func setDefaultMulticastSockopts(s int) error                       { return nil }

func setReadBuffer(fd *netFD, bytes int) error     { return fd.setOption(optionReadBuffer, bytes) }
func setWriteBuffer(fd *netFD, bytes int) error    { return fd.setOption(optionWriteBuffer, bytes) }
func setKeepAlive(fd *netFD, keepalive bool) error { return fd.setSwitch(optionKeepAlive, keepalive) }
func setLinger(fd *netFD, sec int) error           { return fd.setOption(optionLinger, sec) }
