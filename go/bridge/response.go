package bridge

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// bufferSize is how much of an answer is held back for its head; longer ones are streamed.
const bufferSize = 16 << 10

// gatherSize is how much is gathered behind the head before it goes on.
const gatherSize = 4 << 10

// What package net/http has too: how much of a body is looked at for its type, and up to which length its length is told
// to HEAD.
const (
	sniffSize  = 512
	headLength = 2 << 10
)

// response is the writer that handlers and clients are given.
type response struct {
	call     *call
	url      *url.URL
	given    url.URL // as url was when the request came: unchanged, it need not be told again
	body     io.ReadCloser
	isHead   bool
	isClient bool
	upgrades bool // the request asks for another protocol

	header      http.Header
	status      int
	wroteHeader bool
	// fields is the header as it was when the status was written; it begins at fieldsAt.
	fields   *writer
	fieldsAt int
	typed    bool
	declared int64 // the length that the header tells; -1: none
	written  int64
	buf      []byte // of HEAD: as much as its type is told by
	next     uint32 // the answer whose body stands before what was written
	out      *outStream
	done     bool
	// hijacked is closed when the answer on a hijacked connection is over.
	hijacked chan struct{}
	// cut: what stands behind has broken off amid its answer, which must not pass for all of it.
	cut bool

	readTimer, writeTimer *time.Timer
	late                  bool // the time for writing is up
}

func (w *response) sameURL() bool { return *w.url == w.given }

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
	w.declared = -1
	if length := w.header.Get("Content-Length"); length != "" {
		if n, err := strconv.ParseInt(length, 10, 64); err == nil && n >= 0 {
			w.declared = n
		} else {
			w.header.Del("Content-Length")
		}
	}
	w.snapshot()
	if w.isClient {
		w.typed = true // the reference looks at the first bytes only where the status is left out
	}
}

// snapshot keeps the header: changes after the status have no effect.
func (w *response) snapshot() {
	w.fields = newFrame(frHead, 0, w.call.key, 0)
	w.fields.u16(uint16(w.status))
	w.typed = hasType(w.header)
	w.fieldsAt = w.fields.begin()
	writeHeader(w.fields, w.header)
	w.fields.end(w.fieldsAt)
}

// hasType tells whether the type of a body needs no look at it.
func hasType(h http.Header) bool {
	if _, typed := h["Content-Type"]; typed {
		return true
	}
	return h.Get("Transfer-Encoding") != ""
}

func (w *response) Write(p []byte) (int, error) {
	if w.hijacked != nil {
		return 0, http.ErrHijacked
	}
	if w.done {
		return 0, http.ErrHandlerTimeout
	}
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
		w.typed = hasType(w.header)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if w.late {
		return 0, os.ErrDeadlineExceeded
	}
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p))
	if w.declared >= 0 && w.written > w.declared && !w.isClient {
		return 0, http.ErrContentLength
	}
	if w.isHead {
		w.buf = append(w.buf, p[:min(len(p), sniffSize-len(w.buf))]...)
		return len(p), nil
	}
	if w.out != nil {
		return w.writeOn(p)
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

// ReadFrom is there because the writer of package net/http has it: structs around it may ask for it.
func (w *response) ReadFrom(from io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, from)
}

// CloseNotify is there because the writer of package net/http has it yet.
func (w *response) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(w.call.ctx, func() { gone <- true })
	return gone
}

// EnableFullDuplex is for http.ResponseController: bodies may always be read while the answer is written.
func (w *response) EnableFullDuplex() error { return nil }

// SetReadDeadline is for http.ResponseController.
func (w *response) SetReadDeadline(at time.Time) error {
	body, ok := w.body.(*inStream)
	if !ok {
		return nil
	}
	setTimer(&w.readTimer, at, func() { body.fail(os.ErrDeadlineExceeded) })
	return nil
}

// SetWriteDeadline is for http.ResponseController.
func (w *response) SetWriteDeadline(at time.Time) error {
	setTimer(&w.writeTimer, at, func() {
		w.late = true
		if w.out != nil {
			w.out.fail(os.ErrDeadlineExceeded)
		}
	})
	return nil
}

func setTimer(timer **time.Timer, at time.Time, run func()) {
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
	if !at.IsZero() {
		*timer = time.AfterFunc(time.Until(at), run)
	}
}

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
	return w.writeBuffered()
}

// writeOn writes behind the head. Small pieces are gathered, as package net/http does.
func (w *response) writeOn(p []byte) (int, error) {
	if len(w.buf)+len(p) > gatherSize {
		if err := w.writeBuffered(); err != nil {
			return 0, err
		}
		if len(p) > gatherSize {
			return w.out.Write(p)
		}
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

func (w *response) writeBuffered() error {
	if len(w.buf) == 0 || w.isHead {
		return nil
	}
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
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
	sniffed := ""
	if !w.typed && len(body) > 0 && w.next == 0 && w.header.Get("Content-Encoding") == "" {
		sniffed = http.DetectContentType(body)
	}
	if w.isHead {
		if flags&flagEnd != 0 && w.next == 0 && w.declared < 0 && w.written > 0 && w.written <= headLength && w.header.Get("Transfer-Encoding") == "" {
			f.raw([]byte("Content-Length\x00" + itoa(int(w.written)) + "\x00"))
			f.end(w.fieldsAt)
		}
		body = nil
	}
	f.text(sniffed)
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
	w.declared = -1
	if w.header.Get("Content-Length") != "" {
		w.declared = 0 // all of it is the gateway's
	}
}

func (w *response) finish() {
	if w.done {
		return
	}
	setTimer(&w.readTimer, time.Time{}, nil)
	setTimer(&w.writeTimer, time.Time{}, nil)
	if w.cut {
		w.broken(http.ErrAbortHandler)
		return
	}
	if !w.wroteHeader {
		w.WriteHeader(http.StatusOK)
	}
	w.done = true
	if w.out != nil {
		err := w.writeBuffered()
		if w.late {
			err = os.ErrDeadlineExceeded
		}
		w.out.close(err)
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
