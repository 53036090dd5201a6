package bridge

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// What the sources assert of the values that modifiers and middlewares are given, and of what they return.
type (
	requestLike interface {
		Params() map[string]string
		Headers() map[string][]string
		Body() io.ReadCloser
		Method() string
		URL() *url.URL
		Query() url.Values
		Path() string
	}
	responseLike interface {
		Data() map[string]interface{}
		Io() io.Reader
		IsComplete() bool
		Headers() map[string][]string
		StatusCode() int
	}
	modifierFunc   = func(interface{}) (interface{}, error)
	middlewareFunc = func(context.Context, interface{}) (interface{}, error)
)

// modify runs a modifier on a request or a response.
func modify(f *frame) {
	k, m := f.key(), madeAt(modifiers, f.extra)
	if m == nil {
		fail(k, "the gateway named a modifier that is not there")
		return
	}
	r := reader{f.payload}
	c := begin(k, &r)
	if f.kind == toModifyReq {
		go c.modifyRequest(m, c.readRequest(&r))
	} else {
		go c.modifyResponse(m, c.readResponse(&r))
	}
}

func (c *call) modifyRequest(m modifierFunc, req *request) {
	defer c.recovered()
	out, err := m(req)
	if err != nil {
		c.refuse(err)
		return
	}
	c.sendRequest(req, out)
}

func (c *call) modifyResponse(m modifierFunc, resp *responseValue) {
	defer c.recovered()
	out, err := m(resp)
	if err != nil {
		c.refuse(err)
		return
	}
	c.sendResponse(resp, out)
}

// recovered tells of a panic.
func (c *call) recovered() {
	if thrown := recover(); thrown != nil {
		failPanicked(c.key, thrown)
	}
}

// The flags of frResult.
const (
	resultError    = 1
	resultRequest  = 2
	resultResponse = 3
)

// refuse tells the error of a modifier with what its interfaces say, on the value itself.
func (c *call) refuse(err error) {
	status := 0
	if coded, ok := err.(interface{ StatusCode() int }); ok {
		status = coded.StatusCode()
	}
	encoding := ""
	if encoded, ok := err.(interface{ Encoding() string }); ok && status != 0 {
		encoding = encoded.Encoding()
	}
	w := newFrame(frResult, resultError, c.key, 0)
	w.u16(uint16(status))
	w.text(err.Error())
	w.text(string(appendValue(nil, encoding)))
	at := w.begin()
	if with, ok := err.(interface{ Headers() map[string][]string }); ok && status != 0 {
		writeHeader(w, with.Headers())
	}
	w.end(at)
	w.send()
}

// The parts of a request or a response that were asked for, and so may have been changed.
const (
	partHeaders = 1
	partParams  = 2
	partQuery   = 4
	partBody    = 8
	partURL     = 16
	partMethod  = 32
	partPath    = 64
	partData    = 128
	partStatus  = 256
)

// request is what modifiers and middlewares are given for a request. What nobody asks for is not made.
type request struct {
	ctx    context.Context
	call   *call
	asked  uint16
	method string
	path   string
	rawURL string
	fields string
	pairs  []string // the query: name, value, …
	names  []string // the parameters: name, value, …
	body   io.ReadCloser

	headers map[string][]string
	params  map[string]string
	query   url.Values
	url     *url.URL
	urlText string // of url when it was made
}

func (c *call) readRequest(r *reader) *request {
	req := &request{ctx: c.ctx, call: c}
	req.method, req.path, req.rawURL = r.text(), r.text(), r.text()
	req.fields = r.text()
	req.names = r.list()
	req.pairs = r.list()
	if req.body = c.readBody(r); req.body == nil {
		req.body = http.NoBody
	}
	return req
}

// list reads a list of texts.
func (r *reader) list() []string {
	n := r.u16()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = r.text()
	}
	return all
}

func (w *writer) listHead(n int) { w.u16(uint16(n)) }

func (r *request) Context() context.Context { return r.ctx }
func (r *request) Method() string           { return r.method }
func (r *request) Path() string             { return r.path }
func (r *request) Body() io.ReadCloser      { return r.body }

func (r *request) Headers() map[string][]string {
	if r.headers == nil {
		r.asked |= partHeaders
		r.headers = parseHeader(r.fields, false)
	}
	return r.headers
}

func (r *request) Params() map[string]string {
	if r.params == nil {
		r.asked |= partParams
		r.params = make(map[string]string, len(r.names)/2)
		for i := 0; i+1 < len(r.names); i += 2 {
			r.params[r.names[i]] = r.names[i+1]
		}
	}
	return r.params
}

func (r *request) Query() url.Values {
	if r.query == nil {
		r.asked |= partQuery
		r.query = make(url.Values, len(r.pairs)/2)
		for i := 0; i+1 < len(r.pairs); i += 2 {
			r.query[r.pairs[i]] = append(r.query[r.pairs[i]], r.pairs[i+1])
		}
	}
	return r.query
}

func (r *request) URL() *url.URL {
	if r.url == nil && r.rawURL != "" {
		u, err := url.Parse(r.rawURL)
		if err != nil {
			return nil
		}
		r.asked |= partURL
		r.url = u
		r.urlText = u.String()
	}
	return r.url
}

// requestOf is what a returned value says: itself when it has the seven methods, else what was given, with the changes in place.
func requestOf(given *request, returned any) requestLike {
	if like, ok := returned.(requestLike); ok {
		return like
	}
	return given
}

func (c *call) sendRequest(given *request, returned any) {
	w := newFrame(frResult, resultRequest, c.key, 0)
	follow := c.writeRequest(w, given, requestOf(given, returned), 0)
	w.sendThen(follow)
}

// writeRequest writes what may differ from what was given.
func (c *call) writeRequest(w *writer, given *request, now requestLike, stream uint32) func() {
	own, same := now.(*request)
	if same {
		given = own
	}
	parts := given.asked
	if !same {
		// What an embedding struct hands through is not asked for by asking it.
		parts |= partMethod | partPath | partHeaders | partParams | partQuery | partURL
	}
	mark := len(w.b)
	w.u16(0)
	if parts&partMethod != 0 {
		w.text(now.Method())
	}
	if parts&partPath != 0 {
		w.text(now.Path())
	}
	if parts&partHeaders != 0 {
		w.fields(now.Headers())
	}
	if parts&partParams != 0 {
		params := now.Params()
		w.listHead(2 * len(params))
		for name, value := range params {
			w.text(name)
			w.text(value)
		}
	}
	if parts&partQuery != 0 {
		writeQuery(w, now.Query())
	}
	if parts&partURL != 0 {
		u := now.URL()
		if u == nil || (u == given.url && u.String() == given.urlText) || u.String() == given.rawURL {
			parts &^= partURL
		} else {
			w.text(u.String())
		}
	}
	w.b[mark], w.b[mark+1] = byte(parts), byte(parts>>8)
	body := now.Body()
	if body == nil {
		w.u8(bodyNone)
		return nil
	}
	if body == given.body {
		if s, ok := body.(*inStream); !ok || s.untouched() {
			w.u8(bodyOriginal)
			return nil
		}
	}
	return c.writeBody(w, stream, body)
}

func writeQuery(w *writer, query url.Values) {
	n := 0
	for _, values := range query {
		n += 2 * len(values)
	}
	w.listHead(n)
	for _, name := range sortedKeys(query) {
		for _, value := range query[name] {
			w.text(name)
			w.text(value)
		}
	}
}

// responseValue is what modifiers and middlewares are given for a response.
type responseValue struct {
	ctx      context.Context
	call     *call
	asked    uint16
	status   int
	complete bool
	fields   string
	json     []byte
	jsonKind byte
	noData   bool
	askID    uint32 // of the answer that has the data
	body     io.ReadCloser
	id       uint32 // of the answer to frNext; 0 for that of a modifier

	headers map[string][]string
	data    map[string]interface{}
	request *request
}

// How the data of a response comes.
const (
	dataNull   = 0
	dataInline = 1
	dataLazy   = 2
	dataEmpty  = 3 // no-op: an empty map, and what is put there is ignored
)

func (c *call) readResponse(r *reader) *responseValue {
	resp := &responseValue{ctx: c.ctx, call: c}
	resp.status = int(r.u16())
	resp.complete = r.u8() != 0
	resp.fields = r.text()
	resp.jsonKind = r.u8()
	if resp.jsonKind == dataInline {
		resp.json = r.bytes()
	}
	resp.body = c.readBody(r)
	return resp
}

func (r *responseValue) Context() context.Context { return r.ctx }
func (r *responseValue) StatusCode() int          { return r.status }
func (r *responseValue) IsComplete() bool         { return r.complete }

func (r *responseValue) Io() io.Reader {
	if r.body == nil {
		return nil
	}
	return r.body
}

func (r *responseValue) Headers() map[string][]string {
	if r.headers == nil {
		r.asked |= partHeaders
		r.headers = parseHeader(r.fields, false)
	}
	return r.headers
}

func (r *responseValue) Data() map[string]interface{} {
	if r.data != nil || r.noData {
		return r.data
	}
	r.asked |= partData
	switch r.jsonKind {
	case dataNull:
		r.noData = true
	case dataEmpty:
		r.data = map[string]interface{}{}
	case dataLazy:
		if answer := r.call.ask(askData, r.id); answer != nil {
			r.json = answer.payload
		}
		fallthrough
	default:
		r.data = parseObject(r.json)
		r.json = nil
		if r.data == nil {
			r.noData = true
		}
	}
	return r.data
}

// Request is the request that led to the response, as the modifiers left it.
func (r *responseValue) Request() interface{} {
	if r.request == nil {
		answer := r.call.ask(askRequest, r.id)
		if answer == nil {
			return nil
		}
		rest := reader{answer.payload}
		r.request = r.call.readRequest(&rest)
	}
	return r.request
}

// What frAsk asks for; the payload is the number of the answer it is about.
const (
	askData    = 1
	askRequest = 2
)

// ask gets something of a call from the host; nil when the call is over.
func (c *call) ask(what byte, about uint32) *reply {
	id, ch := c.expect()
	w := newFrame(frAsk, what, c.key, id)
	w.u32(about)
	w.send()
	return <-ch
}

func (c *call) sendResponse(given *responseValue, returned any) {
	w := newFrame(frResult, resultResponse, c.key, 0)
	follow := c.writeResponse(w, given, returned)
	w.sendThen(follow)
}

// writeResponse writes what may differ from what was given. Of nothing that was given all is written.
func (c *call) writeResponse(w *writer, given *responseValue, returned any) func() {
	now, ok := returned.(responseLike)
	if !ok {
		if given == nil {
			return nil
		}
		now = given
	}
	own, same := now.(*responseValue)
	if same {
		given = own
	}
	parts := uint16(partHeaders | partData | partStatus)
	var about uint32
	if same {
		parts = given.asked
	}
	if given != nil {
		about = given.id
	}
	w.u32(about)
	w.u16(parts)
	if parts&partStatus != 0 {
		w.u16(uint16(now.StatusCode()))
		if now.IsComplete() {
			w.u8(1)
		} else {
			w.u8(0)
		}
	}
	if parts&partHeaders != 0 {
		w.fields(now.Headers())
	}
	if parts&partData != 0 {
		at := w.begin()
		w.b = appendData(w.b, now.Data())
		w.end(at)
	}
	body := now.Io()
	if isNil(body) {
		w.u8(bodyNone)
		return nil
	}
	if given != nil && given.body != nil && body == io.Reader(given.body) {
		if s, ok := given.body.(*inStream); ok && s.untouched() {
			w.u8(bodyOriginal)
			return nil
		}
	}
	return c.writeBody(w, 0, body)
}
