package bridge

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"net/url"
)

// bufferSize is how much of an answer is held back for its head; longer ones are streamed.
const bufferSize = 16 << 10

// response is the writer that handlers and clients are given.
type response struct {
	call *call
	// What the request said when it came: unchanged, it need not be told again.
	target, host string
	url          *url.URL
	path, query  string
	body         io.ReadCloser
	isHead       bool
	isClient     bool

	header      http.Header
	status      int
	wroteHeader bool
	// fields is the header as it was when the status was written.
	fields *writer
	typed  bool
	buf    []byte
	next   uint32 // the answer whose body stands before what was written
	out    *outStream
	done   bool
}

func (w *response) sameURL() bool {
	u := w.url
	return u.Opaque == "" && u.Host == "" && u.RawPath == "" && isPlain(w.target) && w.target == plainTarget(u)
}

func plainTarget(u *url.URL) string {
	if u.RawQuery == "" && !u.ForceQuery {
		return u.Path
	}
	return u.Path + "?" + u.RawQuery
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.wroteHeader || w.done {
		logLine(levelWarning, "http: superfluous response.WriteHeader call")
		return
	}
	if status < 100 || status > 999 {
		panic("invalid WriteHeader code " + itoa(status))
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		return // informational: the client is told the last one only
	}
	w.wroteHeader = true
	w.status = status
	w.snapshot()
	if w.isClient {
		w.typed = true // the reference looks at the first bytes only where the status is left out
	}
}

// snapshot keeps the header: changes after the status have no effect.
func (w *response) snapshot() {
	w.fields = newFrame(frHead, 0, w.call.key, 0)
	w.fields.u16(uint16(w.status))
	_, w.typed = w.header["Content-Type"]
	at := w.fields.begin()
	writeHeader(w.fields, w.header)
	w.fields.end(at)
}

func (w *response) Write(p []byte) (int, error) {
	if w.done {
		return 0, http.ErrHandlerTimeout
	}
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
		_, w.typed = w.header["Content-Type"]
	}
	if len(p) == 0 {
		return 0, nil
	}
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if w.isHead {
		return len(p), nil
	}
	if w.out != nil {
		return w.out.Write(p)
	}
	w.buf = append(w.buf, p...)
	if len(w.buf) > bufferSize {
		if err := w.stream(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush sends what there is.
func (w *response) Flush() { w.FlushError() }

func (w *response) FlushError() error {
	if w.done {
		return http.ErrHandlerTimeout
	}
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	if w.out == nil {
		return w.stream()
	}
	return nil
}

// stream sends the head; the rest follows in chunks.
func (w *response) stream() error {
	first := w.buf
	w.buf = nil
	w.sendHead(first[:min(len(first), chunkSize)], 0)
	w.out = w.call.newOutStream(0)
	if len(first) > chunkSize {
		_, err := w.out.Write(first[chunkSize:])
		return err
	}
	return nil
}

func (w *response) sendHead(body []byte, flags byte) {
	f := w.fields
	w.fields = nil
	if f == nil { // the host has the head already, from the answer that was passed on
		f = newFrame(frHead, 0, w.call.key, 0)
		f.u16(uint16(w.status))
		f.u32(0)
	}
	f.b[5] = flags
	if !w.typed && len(body) > 0 && w.next == 0 && w.header.Get("Content-Encoding") == "" {
		f.text(http.DetectContentType(body))
	} else {
		f.text("")
	}
	f.u32(w.next)
	f.raw(body)
	f.send()
}

// passed notes that the gateway's answer goes to the client as it is.
func (w *response) passed(status int, header http.Header, id uint32) {
	clear(w.header)
	maps.Copy(w.header, header)
	w.status = status
	w.wroteHeader = true
	w.typed = true
	w.next = id
}

func (w *response) finish() {
	if w.done {
		return
	}
	w.done = true
	if !w.wroteHeader {
		w.done = false
		w.WriteHeader(http.StatusOK)
		w.done = true
	}
	if w.out != nil {
		w.out.close(nil)
		return
	}
	w.sendHead(w.buf, flagEnd)
}

// broken ends an answer whose handler panicked.
func (w *response) broken(thrown any) {
	w.done = true
	if w.out != nil {
		if thrown != http.ErrAbortHandler {
			logPanic(thrown)
		}
		w.out.close(panicError{thrown})
		return
	}
	failPanicked(w.call.key, thrown)
}

// writerOf finds the writer of the call behind those that plugins put around it.
func writerOf(w http.ResponseWriter) *response {
	for {
		switch own := w.(type) {
		case *response:
			return own
		case interface{ Unwrap() http.ResponseWriter }:
			w = own.Unwrap()
		default:
			return embedded(w, 0)
		}
	}
}

func tlsState(host string) *tls.ConnectionState {
	return &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: host}
}

// contextOf is the context with which an enclosing handler has called the gateway.
func contextOf(k callKey) context.Context {
	if k.call == 0 {
		return context.Background()
	}
	c := find(k)
	if c == nil {
		return context.Background()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind != nil {
		return c.behind
	}
	return c.ctx
}
