package bridge

import (
	"context"
	"errors"
)

// runMiddleware runs a middleware on a request.
func runMiddleware(f *frame) {
	k, m := f.key(), madeAt(middlewares, f.extra)
	if m == nil {
		fail(k, "the gateway named a middleware that is not there")
		return
	}
	r := reader{f.payload}
	c := begin(k, &r)
	go c.middleware(m, c.readRequest(&r))
}

func (c *call) middleware(m middlewareFunc, req *request) {
	defer c.recovered()
	c.given = req
	out, err := m(c.ctx, req)
	if err != nil {
		c.refuse(err)
		return
	}
	if _, ok := out.(responseLike); !ok {
		fail(c.key, "the middleware returned no response: a value with the methods Data, Io, IsComplete, Headers and StatusCode is needed")
		return
	}
	given, _ := out.(*responseValue)
	w := newFrame(frResult, resultResponse, c.key, 0)
	follow := c.writeResponse(w, given, out)
	w.sendThen(follow)
}

// nextProxy is what stands behind a middleware: the rest of the pipe.
func nextProxy(ctx context.Context, value interface{}) (interface{}, error) {
	c := callOf(ctx)
	if req, ok := value.(*request); ok && c == nil {
		c = req.call
	}
	if c == nil || c.given == nil {
		return nil, errors.New("next was called with a context that does not belong to a request of the gateway")
	}
	if _, ok := value.(requestLike); !ok {
		return nil, errors.New("next was called with a value that is no request")
	}
	id, ch := c.expect()
	var flags byte
	derived := ctx != context.Context(c.ctx)
	if derived {
		flags |= nextDerived
	}
	w := newFrame(frNext, flags, c.key, id)
	follow := c.writeRequest(w, c.given, value.(requestLike), id)
	w.sendThen(follow)
	answer := c.await(ctx, derived, id, ch)
	if answer == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, context.Canceled
	}
	r := reader{answer.payload}
	if answer.flags&flagError != 0 {
		if err := ctx.Err(); err != nil && derived {
			return nil, err
		}
		status := int(r.u16())
		return nil, &nextError{r.text(), status, r.text()}
	}
	resp := c.readResponse(&r)
	resp.id = id
	return resp, nil
}

// nextError is what the rest of the pipe failed with.
type nextError struct {
	text     string
	status   int
	encoding string
}

func (e *nextError) Error() string    { return e.text }
func (e *nextError) StatusCode() int  { return e.status }
func (e *nextError) Encoding() string { return e.encoding }
