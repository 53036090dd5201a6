//go:build wasip1

package http

import (
	"context"
	"net"
)

// The same as everywhere: the sockets are real.
func defaultTransportDialContext(dialer *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return dialer.DialContext
}
