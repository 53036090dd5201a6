package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

func init() {
	programs["refused"] = refused
	programs["denied"] = denied
	programs["echo"] = echo
	programs["half-close"] = halfClose
	programs["reset"] = reset
	programs["flood"] = flood
	programs["udp"] = udp
	programs["listen"] = listen
	programs["lookup"] = lookup
	programs["unix"] = unixSocket
	programs["control"] = control
	programs["none"] = notSupported
	programs["surroundings"] = surroundings
}

func refused(ctx context.Context, args []string) error {
	_, err := net.Dial("tcp", args[0])
	var op *net.OpError
	return errors.Join(
		expect(errors.Is(err, syscall.ECONNREFUSED), "dial: %v", err),
		expect(errors.As(err, &op) && op.Op == "dial" && op.Addr.String() == args[0], "dial: %#v", err),
		expect(err != nil && strings.HasSuffix(err.Error(), "connect: connection refused"), "dial: %v", err),
	)
}

// denied dials what is not granted.
func denied(ctx context.Context, args []string) error {
	_, err := net.Dial("tcp", args[0])
	_, named := net.Dial("tcp", "not.granted.example:80")
	var dns *net.DNSError
	_, listening := net.Listen("tcp", "127.0.0.1:0")
	_, reverse := net.LookupAddr("192.0.2.1")
	conn, _ := net.ListenPacket("udp", "127.0.0.1:9999")
	if conn != nil {
		_, err := conn.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 53})
		if err := expect(errors.Is(err, os.ErrPermission), "send: %v", err); err != nil {
			return err
		}
	}
	return errors.Join(
		expect(errors.Is(err, os.ErrPermission), "dial: %v", err),
		expect(errors.Is(named, os.ErrPermission) && errors.As(named, &dns), "lookup: %v", named),
		expect(errors.Is(listening, os.ErrPermission), "listen: %v", listening),
		expect(errors.Is(reverse, os.ErrPermission), "reverse: %v", reverse),
	)
}

// echo talks to a server that answers each line, but not the line "quiet".
func echo(ctx context.Context, args []string) error {
	conn, err := net.DialTimeout("tcp", args[0], 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := expect(conn.RemoteAddr().String() == args[0], "remote %v", conn.RemoteAddr()); err != nil {
		return err
	}
	local := conn.LocalAddr().(*net.TCPAddr)
	tcp := conn.(*net.TCPConn)
	if err := errors.Join(
		expect(local.Port != 0 && local.IP.IsLoopback(), "local %v", local),
		tcp.SetNoDelay(false), tcp.SetNoDelay(true), tcp.SetKeepAlive(true), tcp.SetKeepAlivePeriod(time.Minute),
		tcp.SetLinger(-1), tcp.SetReadBuffer(1<<16), tcp.SetWriteBuffer(1<<16),
	); err != nil {
		return err
	}
	lines := bufio.NewReader(conn)
	ask := func(line string) error {
		fmt.Fprintln(conn, line)
		got, err := lines.ReadString('\n')
		return errors.Join(err, expect(got == line+"\n", "got %q", got))
	}
	if err := ask("one"); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	err = ask("quiet")
	var timeout net.Error
	if err := expect(errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &timeout) && timeout.Timeout(), "deadline: %v", err); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Time{})
	if err := ask("two"); err != nil {
		return err
	}
	// Closing wakes who reads.
	done := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	conn.Close()
	err = <-done
	return expect(errors.Is(err, net.ErrClosed), "closed: %v", err)
}

// halfClose talks to a server that answers at the end of what it is sent.
func halfClose(ctx context.Context, args []string) error {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(conn, "all of it")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(conn)
	_, after := conn.Write([]byte("more"))
	return errors.Join(err, expect(string(got) == "all of it", "got %q", got),
		expect(errors.Is(after, syscall.EPIPE), "write after the end: %v", after))
}

// reset talks to a server that resets the connection.
func reset(ctx context.Context, args []string) error {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(conn, "x")
	_, err = io.ReadAll(conn)
	return expect(errors.Is(err, syscall.ECONNRESET), "reset: %v", err)
}

// flood writes to a server that never reads, until the deadline.
func flood(ctx context.Context, args []string) error {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := conn.Write(make([]byte, 64<<20))
	return expect(errors.Is(err, os.ErrDeadlineExceeded) && n < 32<<20, "wrote %d: %v", n, err)
}

func udp(ctx context.Context, args []string) error {
	conn, err := net.Dial("udp", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, 2048)
	for _, text := range []string{"hello", "", strings.Repeat("x", 1400)} {
		if _, err := conn.Write([]byte(text)); err != nil {
			return err
		}
		n, err := conn.Read(buf)
		if err := errors.Join(err, expect(string(buf[:n]) == text, "got %q", buf[:n])); err != nil {
			return err
		}
	}
	to, err := net.ResolveUDPAddr("udp", args[0])
	if err != nil {
		return err
	}
	for _, at := range []string{"127.0.0.1:0", ":0"} {
		packets, err := net.ListenPacket("udp", at)
		if err != nil {
			return err
		}
		defer packets.Close()
		if _, err := packets.WriteTo([]byte("anyone"), to); err != nil {
			return err
		}
		n, from, err := packets.ReadFrom(buf)
		if err := errors.Join(err, expect(string(buf[:n]) == "anyone" && from.String() == args[0], "got %q from %v", buf[:n], from)); err != nil {
			return err
		}
		packets.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, _, err = packets.ReadFrom(buf)
		if err := expect(errors.Is(err, os.ErrDeadlineExceeded), "deadline: %v", err); err != nil {
			return err
		}
	}
	return nil
}

// listen serves itself, at addresses of both families.
func listen(ctx context.Context, args []string) error {
	for _, at := range []string{"127.0.0.1:0", ":0"} {
		listener, err := net.Listen("tcp", at)
		if err != nil {
			return err
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					io.Copy(conn, conn)
				}()
			}
		}()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		var wait sync.WaitGroup
		errs := make([]error, 10)
		for i := range errs {
			wait.Add(1)
			go func() {
				defer wait.Done()
				conn, err := net.Dial("tcp", "127.0.0.1:"+port)
				if err != nil {
					errs[i] = err
					return
				}
				defer conn.Close()
				fmt.Fprint(conn, i)
				conn.(*net.TCPConn).CloseWrite()
				got, err := io.ReadAll(conn)
				errs[i] = errors.Join(err, expect(string(got) == fmt.Sprint(i), "got %q", got))
			}()
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		_, twice := net.Listen("tcp", "127.0.0.1:"+port)
		listener.Close()
		if err := expect(errors.Is(twice, syscall.EADDRINUSE), "twice: %v", twice); err != nil {
			return err
		}
	}
	return nil
}

func lookup(ctx context.Context, args []string) error {
	addrs, err := net.LookupHost("localhost")
	if err := errors.Join(err, expect(len(addrs) > 0 && net.ParseIP(addrs[0]).IsLoopback(), "localhost: %v", addrs)); err != nil {
		return err
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip4", "localhost")
	if err := errors.Join(err, expect(len(ips) == 1 && ips[0].String() == "127.0.0.1", "ip4: %v", ips)); err != nil {
		return err
	}
	_, err = net.LookupHost("does-not-exist.invalid")
	var dns *net.DNSError
	if err := expect(errors.As(err, &dns) && dns.IsNotFound, "invalid: %v", err); err != nil {
		return err
	}
	port, err := net.LookupPort("tcp", "https")
	return errors.Join(err, expect(port == 443, "port %d", port))
}

func unixSocket(ctx context.Context, args []string) error {
	conn, err := net.Dial("unix", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprint(conn, "over a file")
	conn.(*net.UnixConn).CloseWrite()
	got, err := io.ReadAll(conn)
	_, missing := net.Dial("unix", args[0]+".missing")
	return errors.Join(err, expect(string(got) == "over a file", "got %q", got),
		expect(errors.Is(missing, os.ErrNotExist), "missing: %v", missing))
}

// control refuses an address before anything is sent there.
func control(ctx context.Context, args []string) error {
	no := errors.New("not there")
	dialer := net.Dialer{Control: func(network, address string, _ syscall.RawConn) error {
		return errors.Join(no, expect(network == "tcp4" && address == args[0], "%s %s", network, address))
	}}
	_, err := dialer.Dial("tcp", args[0])
	return expect(errors.Is(err, no), "control: %v", err)
}

// notSupported is what cannot be had: it fails, and does not wait.
func notSupported(ctx context.Context, args []string) error {
	_, raw := net.Dial("ip4:icmp", "127.0.0.1")
	_, unixgram := net.ListenPacket("unixgram", "/tmp/x")
	_, unix := net.Listen("unix", "/tmp/loligo-does-not-listen")
	_, multicast := net.ListenMulticastUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 1), Port: 9999})
	return errors.Join(expect(raw != nil, "raw"), expect(unixgram != nil, "unixgram"), expect(unix != nil, "unix"),
		expect(multicast != nil, "multicast"))
}

func surroundings(ctx context.Context, args []string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return err
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	loopback := false
	for _, addr := range addrs {
		loopback = loopback || addr.String() == "127.0.0.1/8"
	}
	all, err := net.Interfaces()
	if err := errors.Join(err, expect(loopback && len(all) > 0, "interfaces: %v %v", addrs, all)); err != nil {
		return err
	}
	one, err := net.InterfaceByName(all[0].Name)
	if err := errors.Join(err, expect(one != nil && one.Index == all[0].Index, "by name: %v", one)); err != nil {
		return err
	}
	fmt.Println("host", name)
	fmt.Println(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(zone).Format(time.RFC3339))
	return nil
}
