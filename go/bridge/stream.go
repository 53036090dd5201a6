package bridge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
)

// window is how many bytes of a stream may be under way.
const window = 256 << 10

// chunkSize is how much of a stream goes into one frame.
const chunkSize = 32 << 10

var errNotWanted = errors.New("nobody reads the answer any more")

var errClosed = errors.New("http: invalid Read on closed Body")

// inStream is a body of the host's. Nothing of it is sent before it is read.
type inStream struct {
	call *call
	id   uint32

	mu      sync.Mutex
	arrived sync.Cond
	chunks  [][]byte
	started bool
	ended   bool
	closed  bool
	taken   int // bytes that were read since the host was asked for more
	err     error
}

// newInStream opens the stream of that number.
func (c *call) newInStream(id uint32) *inStream {
	s := &inStream{call: c, id: id}
	s.arrived.L = &s.mu
	c.mu.Lock()
	if c.in == nil {
		c.in = map[uint32]*inStream{}
	}
	c.in[id] = s
	c.mu.Unlock()
	return s
}

// wholeStream is a body that came with the frame.
func (c *call) wholeStream(body []byte) *inStream {
	s := &inStream{call: c, ended: true}
	s.arrived.L = &s.mu
	if len(body) > 0 {
		s.chunks = [][]byte{body}
	}
	return s
}

// untouched tells whether nobody has read of it.
func (s *inStream) untouched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.started && !s.closed
}

// pauses tells whether there is more to come, but nothing at the moment.
func (s *inStream) pauses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.chunks) == 0 && !s.ended && s.err == nil
}

func (s *inStream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errClosed
	}
	if !s.started {
		s.started = true
		if !s.ended && s.err == nil {
			s.pull(window)
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	for len(s.chunks) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		if s.ended {
			return 0, io.EOF
		}
		if s.closed {
			return 0, errClosed
		}
		s.arrived.Wait()
	}
	n := copy(p, s.chunks[0])
	if n == len(s.chunks[0]) {
		s.chunks[0] = nil
		s.chunks = s.chunks[1:]
	} else {
		s.chunks[0] = s.chunks[0][n:]
	}
	s.taken += n
	if s.taken >= window/2 && !s.ended && s.err == nil {
		s.pull(uint32(s.taken))
		s.taken = 0
	}
	return n, nil
}

func (s *inStream) pull(n uint32) {
	w := newFrame(frPull, 0, s.call.key, s.id)
	w.u32(n)
	w.send()
}

// Close gives up the rest.
func (s *inStream) Close() error {
	s.mu.Lock()
	drop := !s.closed && s.started && !s.ended && s.err == nil
	s.closed = true
	s.chunks = nil
	s.arrived.Broadcast()
	s.mu.Unlock()
	if drop {
		sendEmpty(frDrop, 0, s.call.key, s.id)
	}
	return nil
}

func (s *inStream) push(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(b) == 0 {
		return
	}
	s.chunks = append(s.chunks, b)
	s.arrived.Broadcast()
}

func (s *inStream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.arrived.Broadcast()
}

func (s *inStream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.err != nil {
		return
	}
	s.err = err
	s.arrived.Broadcast()
}

// streamError is what a stream of the host broke off with.
type streamError string

func (e streamError) Error() string { return string(e) }

// chunkArrived takes bytes of a stream of the host.
func (c *call) chunkArrived(f *frame) {
	c.mu.Lock()
	s := c.in[f.extra]
	if s != nil && f.flags != 0 {
		delete(c.in, f.extra)
	}
	c.mu.Unlock()
	if s == nil {
		return
	}
	if f.flags&flagError != 0 {
		s.fail(streamError(f.payload))
		return
	}
	s.push(append([]byte(nil), f.payload...))
	if f.flags&flagEnd != 0 {
		s.end()
	}
}

// outStream is a body that goes to the host, never more of it than the host has room for.
type outStream struct {
	call *call
	id   uint32

	mu      sync.Mutex
	changed sync.Cond
	credit  int
	err     error
}

func (c *call) newOutStream(id uint32) *outStream {
	s := &outStream{call: c, id: id, credit: window}
	s.changed.L = &s.mu
	if find(c.key) != c {
		s.err = context.Canceled // the host has forgotten the call: it would never say that there is room
	}
	c.mu.Lock()
	if c.out == nil {
		c.out = map[uint32]*outStream{}
	}
	c.out[id] = s
	c.mu.Unlock()
	return s
}

// outStreamOf finds the stream that a frame of the host is about; nil when it is over.
func outStreamOf(f *frame) *outStream {
	c := find(f.key())
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out[f.extra]
}

// Write waits until the host has room.
func (s *outStream) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), chunkSize)
		if err := s.take(n); err != nil {
			return written, err
		}
		w := newFrame(frChunk, 0, s.call.key, s.id)
		w.raw(p[:n])
		w.send()
		written += n
		p = p[n:]
	}
	return written, nil
}

func (s *outStream) take(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.credit < n && s.err == nil {
		s.changed.Wait()
	}
	if s.err != nil {
		return s.err
	}
	s.credit -= n
	return nil
}

func (s *outStream) grant(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.credit += int(n)
	s.changed.Broadcast()
}

func (s *outStream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.changed.Broadcast()
}

// close tells the host that this was all, or that it was not.
func (s *outStream) close(err error) {
	c := s.call
	c.mu.Lock()
	delete(c.out, s.id)
	c.mu.Unlock()
	if err != nil {
		w := newFrame(frChunk, flagError, c.key, s.id)
		w.rest(err.Error())
		w.send()
	} else {
		sendEmpty(frChunk, flagEnd, c.key, s.id)
	}
}

// pump sends all that a reader gives, in a goroutine of its own.
func (c *call) pump(id uint32, from io.Reader) {
	s := c.newOutStream(id)
	go func() {
		var err error
		defer func() {
			if thrown := recover(); thrown != nil {
				err = panicError{thrown}
			}
			if closer, ok := from.(io.Closer); ok {
				closer.Close()
			}
			s.close(err)
		}()
		buf := make([]byte, chunkSize)
		_, err = io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{from}, buf)
	}()
}

// How a body is described to the host.
const (
	bodyNone     = 0
	bodyOriginal = 1 // the one that the host sent; nobody has read it
	bodyInline   = 2 // the rest of the frame
	bodyStream   = 3 // chunks of a stream that follow
	bodyLazy     = 4 // host: a stream that is sent when it is asked for
	bodyOfNext   = 5 // the one of the answer to frNext
)

var noBodyType = reflect.TypeOf(http.NoBody)

// maxInline is how long a body may be that is sent with its head.
const maxInline = 64 << 10

// writeBody describes a body that the plugin has put in place of one of the host. What must follow the frame is returned.
func (c *call) writeBody(w *writer, id uint32, body io.Reader) func() {
	if body == nil {
		w.u8(bodyNone)
		return nil
	}
	if s, ok := body.(*inStream); ok && s.call == c && s.untouched() {
		w.u8(bodyOriginal)
		return nil
	}
	if b, ok := inMemory(body); ok {
		if len(b) <= maxInline {
			w.u8(bodyInline)
			w.raw(b)
			return nil
		}
		body = bytes.NewReader(b)
	}
	w.u8(bodyStream)
	return func() { c.pump(id, body) }
}

// inMemory takes the bytes of readers that have them all.
func inMemory(body io.Reader) ([]byte, bool) {
	switch b := body.(type) {
	case *bytes.Buffer:
		return b.Next(b.Len()), true
	case *bytes.Reader:
		return rest(b, b.Len())
	case *strings.Reader:
		return rest(b, b.Len())
	case *inStream:
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.ended && b.err == nil && !b.closed && len(b.chunks) <= 1 {
			all := bytes.Join(b.chunks, nil)
			b.chunks = nil
			b.started = true
			return all, true
		}
		return nil, false
	}
	v := reflect.ValueOf(body)
	if v.Kind() == reflect.Struct && v.Type().PkgPath() == "io" && strings.HasPrefix(v.Type().Name(), "nopCloser") {
		if inner, ok := v.Field(0).Interface().(io.Reader); ok {
			return inMemory(inner)
		}
	}
	if v.IsValid() && v.Type() == noBodyType {
		return nil, true
	}
	return nil, false
}

func rest(r io.Reader, n int) ([]byte, bool) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err == nil || n == 0
}
