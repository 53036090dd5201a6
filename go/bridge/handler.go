package bridge

import (
	"bytes"
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
	k, h := f.key(), madeAt(handlers, f.extra)
	if h == nil {
		fail(k, "the gateway named a handler that is not there")
		return
	}
	flags := f.flags
	r := reader{f.payload}
	c := begin(k, &r)
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
		// As package net/http, which shows such a request to no handler.
		w.header = http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Connection": {"close"}}
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "400 Bad Request")
		w.finish()
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
			delete(header, "Transfer-Encoding")
		}
		if options := header["Connection"]; options != nil {
			req.Close = len(options) == 1 && strings.EqualFold(options[0], "close")
		}
	}
	w.isHead = method == http.MethodHead
	w.isClient = flags&handleClient != 0
	w.upgrades = header["Upgrade"] != nil
	w.url, w.given, w.body = u, *u, body
	if flags&handleTLS != 0 {
		req.TLS = tlsState(host)
	}
	defer markGoroutine(c)()
	h.ServeHTTP(w, req)
	if w.hijacked != nil {
		<-w.hijacked
		return
	}
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
		if c := target[i]; !pathBytes[c] {
			return c == '?'
		}
	}
	return true
}

// pathBytes are those that package net/url writes into a path as they are; with others a path has two forms.
var pathBytes = bytesOf("-_.~$&+,/:;=@")

// next is the handler that stands behind those of the plugin: the gateway.
type next struct{}

func (next) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c := callBehind(w, req)
	if c == nil {
		logLine(levelError, "next was called outside of a request of the gateway: the answer is 500")
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	own := c.resp
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
	var body io.Reader
	if req.Body != nil && req.Body != http.NoBody {
		body = c.shortBody(req.Body, req.ContentLength)
	}
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
	f.fields(req.Header)
	f.fields(w.Header())
	follow := c.writeBody(f, id, body)
	f.sendThen(follow)
	c.writeAnswer(w, own, pass, id, c.await(req.Context(), derived, id, ch))
}

// callBehind finds the call that next is called for: by the request, else by the writer, else by the goroutine, since
// handlers also make requests of their own, with a recorder for the answer.
func callBehind(w http.ResponseWriter, req *http.Request) *call {
	if c := callOf(req.Context()); c != nil && c.resp != nil {
		return c
	}
	if own := writerOf(w); own != nil {
		return own.call
	}
	if c := callOfGoroutine(); c != nil && c.resp != nil {
		return c
	}
	return nil
}

// shortBody reads what a handler has put around a short body, so that its length can be told.
func (c *call) shortBody(body io.ReadCloser, length int64) io.Reader {
	if length <= 0 || length > maxInline {
		return body
	}
	if s, ok := body.(*inStream); ok && s.call == c && s.untouched() {
		return body
	}
	all, err := io.ReadAll(io.LimitReader(body, maxInline))
	if err == nil && len(all) < maxInline {
		body.Close()
		return bytes.NewReader(all)
	}
	rest := io.Reader(body)
	if err != nil {
		rest = brokenReader{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(all), rest), body}
}

// brokenReader gives the error that a reader has ended with.
type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

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
	if answer == nil { // the call is over: nobody waits for what comes of it
		w.WriteHeader(http.StatusInternalServerError)
		return
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
	out := io.Writer(struct{ io.Writer }{w})
	if from, ok := body.(*inStream); ok {
		if behind := writerOf(w); behind != nil {
			out = keepingUp{w, behind, from}
		}
	}
	if _, err := io.CopyBuffer(out, struct{ io.Reader }{body}, buf); err != nil {
		body.Close()
		if c.ctx.Err() == nil {
			if _, broken := err.(streamError); broken {
				own.cut = true
			}
		}
	}
}

// keepingUp sends on what a stream has given so far when it pauses: events must not wait for others to fill a buffer.
type keepingUp struct {
	io.Writer
	behind *response
	from   *inStream
}

func (k keepingUp) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	if err == nil && k.from.pauses() {
		err = k.behind.FlushError()
	}
	return n, err
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
	sendFail(k, 0, text, "")
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
