package bridge

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// call is something that the host has asked for: one hook for one request.
type call struct {
	key callKey
	ctx *callContext

	mu   sync.Mutex
	over bool
	// in are the streams that come from the host, out those that go there.
	in       map[uint32]*inStream
	out      map[uint32]*outStream
	waiting  map[uint32]chan *reply
	lastNext uint32
	// behind is the context with which a handler has called what stands behind it: calls made from there have its values.
	behind context.Context
	// resp is the writer of a handler or client; nil for other hooks.
	resp *response
	// given is the request of a middleware.
	given *request
}

// reply is what the host answered to frNext or frAsk. The payload is its own.
type reply struct {
	flags   byte
	payload []byte
}

var (
	callsMu sync.Mutex
	calls   = map[callKey]*call{}
)

// begin makes a call known, so that frames find it. It reads the call that stands around, and the time that is left.
func begin(k callKey, r *reader) *call {
	c := &call{key: k}
	c.ctx = &callContext{Context: contextOf(callKey{k.conn, r.u32()}), call: c}
	if remainingMs := r.i64(); remainingMs >= 0 {
		c.ctx.deadline = time.Now().Add(time.Duration(remainingMs) * time.Millisecond)
		c.ctx.hasDeadline = true
	}
	callsMu.Lock()
	calls[k] = c
	callsMu.Unlock()
	return c
}

func find(k callKey) *call {
	callsMu.Lock()
	defer callsMu.Unlock()
	return calls[k]
}

// release forgets the call: the host asks for that when it has forgotten it too. A handler's is forgotten when it has
// returned, as package net/http does.
func release(k callKey, err error) {
	callsMu.Lock()
	c := calls[k]
	delete(calls, k)
	callsMu.Unlock()
	if c != nil {
		c.cancel(err)
	}
}

// cancel ends the context of the call and what still waits for the host.
func (c *call) cancel(err error) {
	c.ctx.cancel(err)
	c.mu.Lock()
	c.over = true
	in, out, waiting := c.in, c.out, c.waiting
	c.in, c.waiting = nil, nil
	c.mu.Unlock()
	for _, s := range in {
		s.fail(err)
	}
	for _, s := range out {
		s.fail(err)
	}
	for _, ch := range waiting {
		close(ch)
	}
}

// expect prepares for an answer of the host. When the call is over there is none.
func (c *call) expect() (uint32, chan *reply) {
	ch := make(chan *reply, 1)
	c.mu.Lock()
	c.lastNext++
	id := c.lastNext
	if c.over {
		close(ch)
	} else {
		if c.waiting == nil {
			c.waiting = map[uint32]chan *reply{}
		}
		c.waiting[id] = ch
	}
	c.mu.Unlock()
	return id, ch
}

func (c *call) answered(id uint32, r *reply) {
	c.mu.Lock()
	ch := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	if ch != nil {
		ch <- r
	}
}

type contextKey struct{}

// callContext is the context of a call: it ends when the host says so, and keeps the deadline without a timer.
type callContext struct {
	context.Context // of the handler around it; for its values
	call            *call
	deadline        time.Time
	hasDeadline     bool

	mu    sync.Mutex
	done  chan struct{}
	err   error
	after map[*afterFunc]struct{}
}

type afterFunc struct{ run func() }

func (c *callContext) Deadline() (time.Time, bool) {
	return c.deadline, c.hasDeadline
}

var closedChannel = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return closedChannel
	}
	if c.done == nil {
		c.done = make(chan struct{})
	}
	return c.done
}

func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *callContext) Value(key any) any {
	if _, ok := key.(contextKey); ok {
		return c.call
	}
	if key == http.ServerContextKey && c.call.resp != nil && !c.call.resp.isClient {
		return server
	}
	return c.Context.Value(key)
}

// AfterFunc keeps package context from starting a goroutine for each context that is made of this one.
func (c *callContext) AfterFunc(run func()) func() bool {
	a := &afterFunc{run}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go run()
		return func() bool { return false }
	}
	if c.after == nil {
		c.after = map[*afterFunc]struct{}{}
	}
	c.after[a] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, there := c.after[a]
		delete(c.after, a)
		return there
	}
}

func (c *callContext) cancel(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	for a := range c.after {
		go a.run()
	}
	c.after = nil
}

// server is what handlers find in their contexts, as package net/http has it there.
var server = new(http.Server)

// callOf finds the call that a context belongs to.
func callOf(ctx context.Context) *call {
	if ctx == nil {
		return nil
	}
	if own, ok := ctx.(*callContext); ok {
		return own.call
	}
	c, _ := ctx.Value(contextKey{}).(*call)
	return c
}
