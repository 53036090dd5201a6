package main

import (
	"context"
	"io"
	"net/url"
)

var ModifierRegisterer = registerer("mod")

type registerer string

type RequestWrapper interface {
	Context() context.Context
	Params() map[string]string
	Headers() map[string][]string
	Body() io.ReadCloser
	Method() string
	URL() *url.URL
	Query() url.Values
	Path() string
}
type OldRequest interface {
	Params() map[string]string
	Headers() map[string][]string
	Body() io.ReadCloser
	Method() string
	URL() *url.URL
	Query() url.Values
	Path() string
}
type ResponseWrapper interface {
	Context() context.Context
	Request() interface{}
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}
type OldResponse interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}
type OldestResponse interface {
	Data() map[string]interface{}
	IsComplete() bool
	StatusCode() int
}

// own request struct, without Context
type req struct {
	params  map[string]string
	headers map[string][]string
	body    io.ReadCloser
	method  string
	url     *url.URL
	query   url.Values
	path    string
}

func (r req) Params() map[string]string    { return r.params }
func (r req) Headers() map[string][]string { return r.headers }
func (r req) Body() io.ReadCloser          { return r.body }
func (r req) Method() string               { return r.method }
func (r req) URL() *url.URL                { return r.url }
func (r req) Query() url.Values            { return r.query }
func (r req) Path() string                 { return r.path }

type reqCtx struct {
	req
	ctx context.Context
}

func (r *reqCtx) Context() context.Context { return r.ctx }

type embedded struct {
	RequestWrapper
	headers map[string][]string
	body    io.ReadCloser
}

func (e embedded) Headers() map[string][]string {
	if e.headers != nil {
		return e.headers
	}
	return e.RequestWrapper.Headers()
}
func (e embedded) Body() io.ReadCloser {
	if e.body != nil {
		return e.body
	}
	return e.RequestWrapper.Body()
}

type embeddedQuery struct {
	OldRequest
	q url.Values
	p map[string]string
}

func (e *embeddedQuery) Query() url.Values         { return e.q }
func (e *embeddedQuery) Params() map[string]string { return e.p }

type resp struct {
	data     map[string]interface{}
	io       io.Reader
	complete bool
	headers  map[string][]string
	status   int
}

func (r resp) Data() map[string]interface{} { return r.data }
func (r resp) Io() io.Reader                { return r.io }
func (r resp) IsComplete() bool             { return r.complete }
func (r resp) Headers() map[string][]string { return r.headers }
func (r resp) StatusCode() int              { return r.status }

type embeddedResp struct {
	ResponseWrapper
	data map[string]interface{}
}

func (e embeddedResp) Data() map[string]interface{} { return e.data }

type ioResp struct {
	OldResponse
	r io.Reader
}

func (e ioResp) Io() io.Reader { return e.r }

type statusErr struct {
	msg    string
	status int
}

func (e statusErr) Error() string   { return e.msg }
func (e statusErr) StatusCode() int { return e.status }

type encErr struct {
	statusErr
	enc string
}

func (e *encErr) Encoding() string { return e.enc }

type headErr struct{ encErr }

func (e *headErr) Headers() map[string][]string {
	return map[string][]string{"X-Err": {"1", "2"}, "x-odd": {"o"}}
}

type embErr struct {
	error
	code int
}

func (e embErr) StatusCode() int { return e.code }

func (r registerer) RegisterModifiers(f func(name string, factory func(map[string]interface{}) func(interface{}) (interface{}, error), appliesToRequest bool, appliesToResponse bool)) {
	f(string(r)+"-request", r.request, true, false)
	f(string(r)+"-response", r.response, false, true)
	f("first-response", func(map[string]interface{}) func(interface{}) (interface{}, error) {
		return func(i interface{}) (interface{}, error) {
			w := i.(OldResponse)
			w.Data()["first"] = 1
			w.Headers()["X-First"] = []string{"1"}
			return i, nil
		}
	}, false, true)
}

type redir struct{}

func (redir) Error() string                { return "moved" }
func (redir) StatusCode() int              { return 302 }
func (redir) Headers() map[string][]string { return map[string][]string{"Location": {"/login"}} }

func reqCtxOf(w RequestWrapper, f func(*reqCtx)) interface{} {
	x := &reqCtx{req{w.Params(), w.Headers(), w.Body(), w.Method(), w.URL(), w.Query(), w.Path()}, w.Context()}
	f(x)
	return x
}
