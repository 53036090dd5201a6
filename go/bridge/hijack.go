package bridge

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
)

// Hijack gives a connection that is the gateway's no more than in appearance: what is written there must be an answer of
// HTTP/1.1, and nothing of the client's comes from there. So connections can be dropped and answers written by hand, but
// no other protocol can be spoken.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.isClient || w.upgrades {
		return nil, nil, http.ErrNotSupported
	}
	if w.wroteHeader || w.done {
		return nil, nil, http.ErrHijacked
	}
	w.done = true
	w.hijacked = make(chan struct{})
	own, given := net.Pipe()
	go w.relay(own)
	return given, bufio.NewReadWriter(bufio.NewReader(given), bufio.NewWriter(given)), nil
}

// relay sends the answer that a plugin writes to a hijacked connection.
func (w *response) relay(conn net.Conn) {
	defer close(w.hijacked)
	defer conn.Close()
	defer context.AfterFunc(w.call.ctx, func() { conn.Close() })()
	method := http.MethodGet
	if w.isHead {
		method = http.MethodHead
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	answer := &response{call: w.call, header: http.Header{}, isHead: w.isHead}
	if err != nil || resp.StatusCode < 200 {
		answer.broken(http.ErrAbortHandler)
		return
	}
	answer.header = resp.Header
	answer.WriteHeader(resp.StatusCode)
	_, err = io.Copy(flushing{answer}, resp.Body)
	answer.cut = err != nil
	answer.finish()
}

// flushing sends all that is written at once.
type flushing struct{ w *response }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.w.FlushError()
	}
	return n, err
}
