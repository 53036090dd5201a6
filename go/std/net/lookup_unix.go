//go:build wasip1

// Lookups by the resolver of the host.

package net

import (
	"context"
	"internal/bytealg"
	"internal/poll"
	"syscall"
	"unsafe"
)

// An answer is read from the descriptor: fields, each with its length (two bytes) before it. The first one is empty or
// says what went wrong.
//
//go:wasmimport loligo resolve
//go:noescape
func host_resolve(kind uint32, name unsafe.Pointer, size uint32, fd unsafe.Pointer) syscall.Errno

const (
	lookupIPs   = 0
	lookupIPv4s = 1
	lookupIPv6s = 2
	lookupCNAME = 3
	lookupPTR   = 4
	lookupSRV   = 5 // target, port, priority, weight
	lookupMX    = 6 // host, preference
	lookupNS    = 7
	lookupTXT   = 8
)

// The other first fields of answers are messages for people.
const (
	resolveNotFound  = "not found"
	resolveTimeout   = "timeout"
	resolveTemporary = "temporary"
)

// ask returns the fields of the answer. Without one, the error is a *DNSError.
func ask(ctx context.Context, kind uint32, name string) ([]string, error) {
	var sysfd int32
	if errno := host_resolve(kind, unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), unsafe.Pointer(&sysfd)); errno != 0 {
		return nil, &DNSError{UnwrapErr: errno, Err: errno.Error(), Name: name}
	}
	return readFields(ctx, int(sysfd), name)
}

// readFields waits for the answer that is read from the descriptor.
func readFields(ctx context.Context, sysfd int, name string) ([]string, error) {
	answer, err := readAnswer(ctx, sysfd)
	if err != nil {
		if ctx.Err() != nil {
			err = mapErr(ctx.Err())
		}
		return nil, newDNSError(err, name, "")
	}
	fields := splitAnswer(answer)
	if len(fields) == 0 {
		return nil, &DNSError{Err: "the resolver gave no answer", Name: name, IsTemporary: true}
	}
	switch fields[0] {
	case "":
		return fields[1:], nil
	case resolveNotFound:
		return nil, newDNSError(errNoSuchHost, name, "")
	case resolveTimeout:
		return nil, newDNSError(errTimeout, name, "")
	case resolveTemporary:
		return nil, &DNSError{Err: errServerTemporarilyMisbehaving.Error(), Name: name, IsTemporary: true}
	}
	return nil, &DNSError{Err: fields[0], Name: name}
}

func readAnswer(ctx context.Context, sysfd int) ([]byte, error) {
	fd := poll.FD{Sysfd: sysfd, IsStream: true}
	if err := fd.Init("resolver", true); err != nil {
		poll.CloseFunc(sysfd)
		return nil, err
	}
	// A deadline in the past wakes the reader, and leaves it to this function to close.
	stop := context.AfterFunc(ctx, func() { fd.SetReadDeadline(aLongTimeAgo) })
	defer fd.Close()
	defer stop()
	answer := make([]byte, 0, 512)
	for {
		n, err := fd.Read(answer[len(answer):cap(answer)])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return answer, nil
		}
		answer = answer[:len(answer)+n]
		if len(answer) == cap(answer) {
			answer = append(answer, 0)[:len(answer)]
		}
	}
}

func splitAnswer(answer []byte) []string {
	var fields []string
	for len(answer) >= 2 {
		n := int(answer[0]) | int(answer[1])<<8
		if len(answer) < 2+n {
			break
		}
		fields = append(fields, string(answer[2:2+n]))
		answer = answer[2+n:]
	}
	return fields
}

// byGo tells whether the program brings its own way to a name server.
func (r *Resolver) byGo() bool {
	return r != nil && r.PreferGo && r.Dial != nil
}

func lookupProtocol(_ context.Context, name string) (int, error) {
	return lookupProtocolMap(name)
}

func (r *Resolver) lookupHost(ctx context.Context, host string) ([]string, error) {
	if r.byGo() {
		order, conf := systemConf().hostLookupOrder(r, host)
		return r.goLookupHostOrder(ctx, host, order, conf)
	}
	return ask(ctx, lookupIPs, host)
}

func (r *Resolver) lookupIP(ctx context.Context, network, host string) ([]IPAddr, error) {
	if r.byGo() {
		order, conf := systemConf().hostLookupOrder(r, host)
		ips, _, err := r.goLookupIPCNAMEOrder(ctx, network, host, order, conf)
		return ips, err
	}
	kind := uint32(lookupIPs)
	switch ipVersion(network) {
	case '4':
		kind = lookupIPv4s
	case '6':
		kind = lookupIPv6s
	}
	fields, err := ask(ctx, kind, host)
	if err != nil {
		return nil, err
	}
	addrs := make([]IPAddr, 0, len(fields))
	for _, field := range fields {
		zone := ""
		if i := bytealg.LastIndexByteString(field, '%'); i >= 0 {
			field, zone = field[:i], field[i+1:]
		}
		if ip := ParseIP(field); ip != nil {
			addrs = append(addrs, IPAddr{IP: ip, Zone: zone})
		}
	}
	return addrs, nil
}

func (r *Resolver) lookupPort(ctx context.Context, network, service string) (int, error) {
	return goLookupPort(network, service)
}

func (r *Resolver) lookupCNAME(ctx context.Context, name string) (string, error) {
	if r.byGo() {
		order, conf := systemConf().hostLookupOrder(r, name)
		return r.goLookupCNAME(ctx, name, order, conf)
	}
	fields, err := ask(ctx, lookupCNAME, name)
	if err != nil {
		return "", err
	}
	if len(fields) == 0 {
		return "", newDNSError(errNoSuchHost, name, "")
	}
	return absDomainName(fields[0]), nil
}

func (r *Resolver) lookupSRV(ctx context.Context, service, proto, name string) (string, []*SRV, error) {
	if r.byGo() {
		return r.goLookupSRV(ctx, service, proto, name)
	}
	target := name
	if service != "" || proto != "" {
		target = "_" + service + "._" + proto + "." + name
	}
	fields, err := ask(ctx, lookupSRV, target)
	if err != nil {
		return "", nil, err
	}
	var srvs []*SRV
	for ; len(fields) >= 4; fields = fields[4:] {
		srvs = append(srvs, &SRV{Target: absDomainName(fields[0]), Port: number(fields[1]), Priority: number(fields[2]), Weight: number(fields[3])})
	}
	byPriorityWeight(srvs).sort()
	return absDomainName(target), srvs, nil
}

func (r *Resolver) lookupMX(ctx context.Context, name string) ([]*MX, error) {
	if r.byGo() {
		return r.goLookupMX(ctx, name)
	}
	fields, err := ask(ctx, lookupMX, name)
	if err != nil {
		return nil, err
	}
	var mxs []*MX
	for ; len(fields) >= 2; fields = fields[2:] {
		mxs = append(mxs, &MX{Host: absDomainName(fields[0]), Pref: number(fields[1])})
	}
	byPref(mxs).sort()
	return mxs, nil
}

func (r *Resolver) lookupNS(ctx context.Context, name string) ([]*NS, error) {
	if r.byGo() {
		return r.goLookupNS(ctx, name)
	}
	fields, err := ask(ctx, lookupNS, name)
	if err != nil {
		return nil, err
	}
	var servers []*NS
	for _, host := range fields {
		servers = append(servers, &NS{Host: absDomainName(host)})
	}
	return servers, nil
}

func (r *Resolver) lookupTXT(ctx context.Context, name string) ([]string, error) {
	if r.byGo() {
		return r.goLookupTXT(ctx, name)
	}
	return ask(ctx, lookupTXT, name)
}

func (r *Resolver) lookupAddr(ctx context.Context, addr string) ([]string, error) {
	if r.byGo() {
		order, conf := systemConf().addrLookupOrder(r, addr)
		return r.goLookupPTR(ctx, addr, order, conf)
	}
	names, err := ask(ctx, lookupPTR, addr)
	for i, name := range names {
		names[i] = absDomainName(name)
	}
	return names, err
}

func number(field string) uint16 {
	n, _, _ := dtoi(field)
	return uint16(n)
}
