//go:build wasip1

package net

import (
	"context"
	"os"
	"syscall"
	"unsafe"
)

// The answer is read from the descriptor, as that of host_resolve: name, index, hardware address, "loopback" or nothing,
// and an address with the bits of its network; such a group for each address.
//
//go:wasmimport loligo interfaces
//go:noescape
func host_interfaces(fd unsafe.Pointer) syscall.Errno

// An interface of the host, with one of its addresses.
type hostInterface struct {
	Interface
	addr *IPNet
}

// hostInterfaces is empty for programs that may not connect everywhere.
func hostInterfaces() ([]hostInterface, error) {
	var sysfd int32
	if errno := host_interfaces(unsafe.Pointer(&sysfd)); errno != 0 {
		return nil, os.NewSyscallError("interfaces", errno)
	}
	fields, err := readFields(context.Background(), int(sysfd), "")
	if err != nil {
		return nil, err
	}
	var list []hostInterface
	for ; len(fields) >= 5; fields = fields[5:] {
		ip, network, err := ParseCIDR(fields[4])
		if err != nil {
			return nil, err
		}
		entry := hostInterface{addr: &IPNet{IP: ip, Mask: network.Mask}}
		entry.Name = fields[0]
		entry.Index = int(number(fields[1]))
		entry.HardwareAddr, _ = ParseMAC(fields[2])
		entry.Flags = FlagUp | FlagRunning | FlagBroadcast | FlagMulticast
		entry.MTU = 1500
		if fields[3] == "loopback" {
			entry.Flags = FlagUp | FlagRunning | FlagLoopback
			entry.MTU = 65536
			entry.HardwareAddr = nil
		}
		list = append(list, entry)
	}
	return list, nil
}

// interfaceTable returns the interface of the index, or all for 0.
func interfaceTable(ifindex int) ([]Interface, error) {
	list, err := hostInterfaces()
	if err != nil {
		return nil, err
	}
	var table []Interface
	seen := make(map[int]bool)
	for _, entry := range list {
		if !seen[entry.Index] && (ifindex == 0 || ifindex == entry.Index) {
			seen[entry.Index] = true
			table = append(table, entry.Interface)
		}
	}
	return table, nil
}

// interfaceAddrTable returns the addresses of the interface, or all for nil.
func interfaceAddrTable(ifi *Interface) ([]Addr, error) {
	list, err := hostInterfaces()
	if err != nil {
		return nil, err
	}
	var table []Addr
	for _, entry := range list {
		if ifi == nil || ifi.Index == entry.Index {
			table = append(table, entry.addr)
		}
	}
	return table, nil
}

func interfaceMulticastAddrTable(ifi *Interface) ([]Addr, error) {
	return nil, nil
}
