import { type GoTemplate, LOGGER } from './go-template.ts'

const SOURCE = `// Package main is a plugin for the gateway: it stands around the calls of backends, and tells in the data how long they took.
package main

import (
	"context"
	"time"
)

const pluginName = "NAME"

// MiddlewareRegisterer is what the gateway looks up.
var MiddlewareRegisterer = registerer(pluginName)

type registerer string

// Proxy is a step of the pipe: it takes a request and gives a response.
type Proxy = func(context.Context, interface{}) (interface{}, error)

// RegisterMiddlewares tells the gateway the plugin's name, and how its middleware is made.
func (r registerer) RegisterMiddlewares(f func(
	name string,
	factory func(
		map[string]interface{},
		func(context.Context, interface{}) (interface{}, error),
	) func(context.Context, interface{}) (interface{}, error),
)) {
	f(string(r), newMiddleware)
}

// Response is what the plugin uses of a response; what the gateway hands over has more.
type Response interface {
	Data() map[string]interface{}
}

// newMiddleware runs once for each place that names the plugin. extra is the whole block of the configuration.
func newMiddleware(extra map[string]interface{}, next Proxy) Proxy {
	field := "took_ms"
	if config, ok := extra[pluginName].(map[string]interface{}); ok {
		if name, ok := config["field"].(string); ok {
			field = name
		}
	}
	logger.Debug("[PLUGIN: "+pluginName+"] tells the time as", field)

	// Runs for every request; without a call of next no backend is called.
	return func(ctx context.Context, request interface{}) (interface{}, error) {
		start := time.Now()
		result, err := next(ctx, request)
		if err != nil {
			return result, err
		}
		if response, ok := result.(Response); ok && response.Data() != nil {
			response.Data()[field] = time.Since(start).Milliseconds()
		}
		return result, nil
	}
}
${LOGGER}
func main() {}
`

const TEST = `package main

import (
	"context"
	"errors"
	"testing"
)

type answer map[string]interface{}

func (a answer) Data() map[string]interface{} { return a }

func middleware(config map[string]interface{}, next Proxy) (made Proxy) {
	MiddlewareRegisterer.RegisterMiddlewares(func(name string, factory func(map[string]interface{}, func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error)) {
		made = factory(map[string]interface{}{name: config}, next)
	})
	return
}

func TestTheTimeIsInTheData(t *testing.T) {
	next := func(context.Context, interface{}) (interface{}, error) { return answer{"id": 1}, nil }
	result, err := middleware(map[string]interface{}{"field": "ms"}, next)(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if data := result.(answer); data["id"] != 1 || data["ms"] == nil {
		t.Errorf("the data are %v", data)
	}
}

func TestErrorsGoOn(t *testing.T) {
	failure := errors.New("the backend is gone")
	next := func(context.Context, interface{}) (interface{}, error) { return nil, failure }
	if _, err := middleware(nil, next)(context.Background(), nil); err != failure {
		t.Errorf("the error is %v", err)
	}
}
`

/** A middleware around an endpoint. */
export const goMiddlewareTemplate: GoTemplate = {
  kind: 'middleware',
  source: SOURCE,
  test: TEST,
  level: 'endpoint',
  exampleOptions: { field: 'took_ms' },
}
