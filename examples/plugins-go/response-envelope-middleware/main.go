// response-envelope-middleware is a plugin with one middleware. It puts data into an envelope with what became of the
// request, and asks once more when there was no answer.
package main

import (
	"context"
	"io"
	"time"
)

const pluginName = "response-envelope-middleware"

// MiddlewareRegisterer is the symbol that the gateway looks up.
var MiddlewareRegisterer = registerer(pluginName)

type registerer string

// RegisterMiddlewares hands over the name of the middleware, and the factory that makes it.
func (r registerer) RegisterMiddlewares(f func(
	name string,
	factory func(
		map[string]interface{},
		func(context.Context, interface{}) (interface{}, error),
	) func(context.Context, interface{}) (interface{}, error),
)) {
	f(string(r), r.middleware)
}

// request is as much as the middleware needs of a request.
type request interface {
	Method() string
}

// response is what a middleware sees of a response.
type response interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}

// envelope is a response with other data than the one in it.
type envelope struct {
	response
	data map[string]interface{}
}

func (e envelope) Data() map[string]interface{} { return e.data }

func (r registerer) middleware(
	extra map[string]interface{},
	next func(context.Context, interface{}) (interface{}, error),
) func(context.Context, interface{}) (interface{}, error) {
	key := "data"
	retry := false
	if config, ok := extra[string(r)].(map[string]interface{}); ok {
		if name, ok := config["key"].(string); ok {
			key = name
		}
		retry, _ = config["retry"].(bool)
	}
	return func(ctx context.Context, input interface{}) (interface{}, error) {
		start := time.Now()
		attempts := 1
		result, err := next(ctx, input)
		// Only what can be asked twice without harm, and only while there is time.
		if req, ok := input.(request); err != nil && retry && ok && req.Method() == "GET" && ctx.Err() == nil {
			attempts++
			result, err = next(ctx, input)
		}
		if err != nil {
			return nil, err
		}
		resp, ok := result.(response)
		if !ok {
			return result, nil
		}
		return envelope{resp, map[string]interface{}{
			key: resp.Data(),
			"meta": map[string]interface{}{
				"complete": resp.IsComplete(),
				"attempts": attempts,
				"ms":       time.Since(start).Milliseconds(),
			},
		}}, nil
	}
}

func main() {}
