package bridge

import (
	"errors"
	"io"
	"net/http"
)

// Sources for Martian register their modifiers in init, by a small module that the builder puts in place of the original.

type martianFactory struct {
	name   string
	scopes []string
	make   func([]byte) (interface{}, error)
}

type martianReport struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

type martian struct{ value any }

var martianOrder []string

// RegisterMartian makes a Martian modifier known.
func RegisterMartian(name string, scopes []string, factory func([]byte) (interface{}, error)) {
	if registry.martians[name] == nil {
		martianOrder = append(martianOrder, name)
	}
	registry.martians[name] = &martianFactory{name, scopes, factory}
}

func martianNames() (all []martianReport) {
	for _, name := range martianOrder {
		all = append(all, martianReport{name, registry.martians[name].scopes})
	}
	return
}

// What Martian modifiers implement; either or both.
type (
	martianRequest  interface{ ModifyRequest(*http.Request) error }
	martianResponse interface{ ModifyResponse(*http.Response) error }
)

// The flags of toMartian.
const (
	martianOnRequest  = 1
	martianOnResponse = 2
)

// martianArrived runs a Martian modifier on a request for an upstream, or on its response.
func martianArrived(f *frame) {
	k, m := f.key(), madeAt(martians, f.extra)
	if m == nil {
		fail(k, "the gateway named a Martian modifier that is not there")
		return
	}
	flags := f.flags
	r := reader{f.payload}
	c := begin(k, &r)
	method, target, host := r.text(), r.text(), r.text()
	req := &http.Request{Method: method, Host: host, Header: parseHeader(r.text(), true), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	u, err := parseTarget(target)
	if err != nil {
		fail(k, err.Error())
		return
	}
	req.URL = u
	req.Body = http.NoBody
	if flags == martianOnRequest {
		if body := c.readBody(&r); body != nil {
			req.Body = body
			req.ContentLength = -1
		}
		go c.martianRequest(m, req.WithContext(c.ctx))
		return
	}
	status := int(r.u16())
	resp := &http.Response{StatusCode: status, Status: itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: parseHeader(r.text(), true), ContentLength: -1, Body: http.NoBody}
	if body := c.readBody(&r); body != nil {
		resp.Body = body
	}
	resp.Request = req.WithContext(c.ctx)
	go c.martianResponse(m, resp)
}

func (c *call) martianRequest(m any, req *http.Request) {
	defer c.recovered()
	given := req.Body
	if modifier, ok := m.(martianRequest); ok {
		if err := modifier.ModifyRequest(req); err != nil {
			c.refuse(err)
			return
		}
	}
	w := newFrame(frResult, resultRequest, c.key, 0)
	w.text(req.Method)
	w.text(targetOf(req.URL))
	w.text(req.Host)
	w.fields(req.Header)
	c.sendWithBody(w, given, req.Body)
}

func (c *call) martianResponse(m any, resp *http.Response) {
	defer c.recovered()
	given := resp.Body
	if modifier, ok := m.(martianResponse); ok {
		if err := modifier.ModifyResponse(resp); err != nil {
			c.refuse(err)
			return
		}
	}
	w := newFrame(frResult, resultResponse, c.key, 0)
	w.u16(uint16(resp.StatusCode))
	w.fields(resp.Header)
	c.sendWithBody(w, given, resp.Body)
}

// sendWithBody sends a result with the body that a modifier has left.
func (c *call) sendWithBody(w *writer, given, body io.ReadCloser) {
	var from io.Reader
	if body != nil && body != http.NoBody {
		from = body
	}
	follow := c.writeBody(w, 0, from)
	w.sendThen(follow)
}

// checkMartian looks whether a value is a modifier of one side at least.
func checkMartian(value any) error {
	switch value.(type) {
	case martianRequest, martianResponse:
		return nil
	}
	return errors.New("the factory returned a value without ModifyRequest and ModifyResponse")
}
