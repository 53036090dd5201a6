//go:build wasip1

package os

import (
	"syscall"
	"unsafe"
)

//go:wasmimport loligo host_name
//go:noescape
func host_name(buf unsafe.Pointer, size uint32, n unsafe.Pointer) syscall.Errno

func hostname() (name string, err error) {
	var buf [256]byte
	var n uint32
	if errno := host_name(unsafe.Pointer(&buf), uint32(len(buf)), unsafe.Pointer(&n)); errno != 0 {
		return "", NewSyscallError("gethostname", errno)
	}
	return string(buf[:n]), nil
}
