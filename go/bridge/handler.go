package bridge

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
)

// The flags of toHandle.
const (
	handleTLS    = 1
	handleClient = 2 // the request is for an upstream: its URL is absolute
)

// The flags of frNext.
const (
	nextPass    = 1 // the answer is written to the client's writer as it is
	nextDerived = 2 // its context may end before that of the call
	nextTarget  = 4 // path and query have changed
)

// handle runs a handler or a client.
func handle(f *frame) {
	k, h := f.key(), handlerAt(f.extra)
	if h == nil {
		fail(k, "the gateway named a handler that is not there")
		return
	}
	flags := f.flags
	r := reader{f.payload}
	parent := contextOf(callKey{k.conn, r.u32()})
	c := begin(k, parent, r.i64())
	length := r.i64()
	method, target, host, remote := r.text(), r.text(), r.text(), r.text()
	header := parseHeader(r.text(), flags&handleClient == 0)
	preset := parseHeader(r.text(), true)
	body := c.readBody(&r)
	go c.serve(h, flags, method, target, host, remote, header, preset, body, length)
}

// readBody makes a reader of how the host describes a body; nil where there is none.
func (c *call) readBody(r *reader) io.ReadCloser {
	switch r.u8() {
	case bodyInline:
		return c.wholeStream(append([]byte(nil), r.b...))
	case bodyLazy:
		return c.newInStream(r.u32())
	}
	return nil
}

func (c *call) serve(h http.Handler, flags byte, method, target, host, remote string, header, preset http.Header, body io.ReadCloser, length int64) {
	w := &response{call: c, header: preset}
	c.resp = w
	defer release(c.key, context.Canceled)
	defer func() {
		if thrown := recover(); thrown != nil {
			w.broken(thrown)
		}
	}()
	u, err := parseTarget(target)
	if err != nil {
		fail(c.key, err.Error())
		return
	}
	if body == nil {
		body = http.NoBody
	}
	req := (&http.Request{
		Method: method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: body,
		ContentLength: length, Host: host, RemoteAddr: remote,
	}).WithContext(c.ctx)
	if flags&handleClient == 0 {
		req.RequestURI = target
		if length < 0 {
			req.TransferEncoding = []string{"chunked"}
		}
	}
	w.isHead = method == http.MethodHead
	w.isClient = flags&handleClient != 0
	w.target, w.host, w.url, w.body = target, host, u, body
	if flags&handleTLS != 0 {
		req.TLS = tlsState(host)
	}
	h.ServeHTTP(w, req)
	w.finish()
}

// parseTarget reads path and query, or an absolute URL.
func parseTarget(target string) (*url.URL, error) {
	if strings.HasPrefix(target, "/") && isPlain(target) && !strings.HasPrefix(target, "//") {
		path, query, marked := strings.Cut(target, "?")
		return &url.URL{Path: path, RawQuery: query, ForceQuery: marked && query == ""}, nil
	}
	if strings.HasPrefix(target, "/") || target == "*" {
		return url.ParseRequestURI(target)
	}
	return url.Parse(target)
}

// isPlain tells whether a target means what it says, without escapes in its path.
func isPlain(target string) bool {
	for i := 0; i < len(target); i++ {
		switch c := target[i]; {
		case c == '?':
			return true
		case c == '%' || c <= ' ' || c >= 0x7f:
			return false
		}
	}
	return true
}

// next is the handler that stands behind those of the plugin: the gateway.
type next struct{}

func (next) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c := callOf(req.Context())
	if c == nil {
		found := writerOf(w)
		if found == nil {
			panic("next was called with a request and a writer that do not belong to a request of the gateway")
		}
		c = found.call
	}
	own := c.resp
	if own == nil {
		panic("next was called with the context of a modifier")
	}
	pass := w == http.ResponseWriter(own) && !own.wroteHeader && !own.done
	c.mu.Lock()
	before := c.behind
	c.behind = req.Context()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.behind = before
		c.mu.Unlock()
	}()
	id, ch := c.expect()
	var flags byte
	if pass {
		flags |= nextPass
	}
	derived := req.Context() != context.Context(c.ctx)
	if derived {
		flags |= nextDerived
	}
	if req.URL != own.url || !own.sameURL() {
		flags |= nextTarget
	}
	f := newFrame(frNext, flags, c.key, id)
	f.text(req.Method)
	if flags&nextTarget != 0 {
		f.text(targetOf(req.URL))
	} else {
		f.text("")
	}
	f.text(req.Host)
	at := f.begin()
	writeHeader(f, req.Header)
	f.end(at)
	at = f.begin()
	writeHeader(f, w.Header())
	f.end(at)
	var body io.Reader
	if req.Body != nil && req.Body != http.NoBody {
		body = req.Body
	}
	follow := c.writeBody(f, id, body)
	f.send()
	if follow != nil {
		follow()
	}
	c.writeAnswer(w, own, pass, id, c.await(req.Context(), derived, id, ch))
}

// await waits for an answer; when the context of the question ends before, the host is told, and answers at once.
func (c *call) await(ctx context.Context, derived bool, id uint32, ch chan *reply) *reply {
	if derived {
		select {
		case r := <-ch:
			return r
		case <-ctx.Done():
			sendEmpty(frCancelNext, reasonOf(ctx.Err()), c.key, id)
		}
	}
	return <-ch
}

func reasonOf(err error) byte {
	if err == context.DeadlineExceeded {
		return 1
	}
	return 0
}

// writeAnswer writes what the gateway has answered; with pass the host has the body and does that itself.
func (c *call) writeAnswer(w http.ResponseWriter, own *response, pass bool, id uint32, answer *reply) {
	if answer == nil {
		panic(http.ErrAbortHandler) // the call is over
	}
	r := reader{answer.payload}
	status := int(r.u16())
	header := parseHeader(r.text(), true)
	if pass {
		own.passed(status, header, id)
		return
	}
	to := w.Header()
	clear(to)
	maps.Copy(to, header)
	w.WriteHeader(status)
	body := c.readBody(&r)
	if body == nil {
		return
	}
	buf := make([]byte, chunkSize)
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{body}, buf); err != nil {
		body.Close()
		if c.ctx.Err() == nil {
			if _, broken := err.(streamError); broken {
				panic(http.ErrAbortHandler) // half of an answer must not pass for all of it
			}
		}
	}
}

func targetOf(u *url.URL) string {
	if u == nil {
		return "/"
	}
	if u.Host != "" && u.Scheme != "" {
		return u.String()
	}
	return u.RequestURI()
}

// fail tells that a call has no result.
func fail(k callKey, text string) {
	w := newFrame(frFail, 0, k, 0)
	w.text(text)
	w.text("")
	w.send()
}

// The flags of frFail.
const (
	failPanic   = 1
	failAborted = 2
)

// failPanicked tells what was thrown and by which line.
func failPanicked(k callKey, thrown any) {
	if thrown == http.ErrAbortHandler {
		sendFail(k, failAborted, "net/http: abort Handler", "")
		return
	}
	sendFail(k, failPanic, panicError{thrown}.Error(), string(debug.Stack()))
}

func sendFail(k callKey, flags byte, text, stack string) {
	w := newFrame(frFail, flags, k, 0)
	w.text(text)
	w.text(stack)
	w.send()
}

type panicError struct{ thrown any }

func (p panicError) Error() string {
	if err, ok := p.thrown.(error); ok {
		return "panic: " + err.Error()
	}
	return fmt.Sprint("panic: ", p.thrown)
}
