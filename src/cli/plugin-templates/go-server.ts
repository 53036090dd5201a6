import { type GoTemplate, LOGGER } from './go-template.ts'

const SOURCE = `// Package main is a plugin for the gateway: it answers one path by itself, and marks what goes on to the others.
package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
)

const pluginName = "NAME"

// HandlerRegisterer is what the gateway looks up.
var HandlerRegisterer = registerer(pluginName)

type registerer string

// RegisterHandlers tells the gateway the plugin's name, and how its handler is made.
func (r registerer) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(string(r), newHandler)
}

// newHandler runs once, when the gateway is built. extra is the whole block of the configuration; next is the gateway.
func newHandler(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	config, ok := extra[pluginName].(map[string]interface{})
	if !ok {
		return nil, errors.New("the configuration has no block " + pluginName)
	}
	path, _ := config["path"].(string)
	if path == "" {
		return nil, errors.New("path is missing")
	}
	logger.Debug("[PLUGIN: "+pluginName+"] answers", path)

	// Runs for every request.
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != path {
			req.Header.Set("X-Seen-By", pluginName)
			next.ServeHTTP(w, req)
			return
		}
		fmt.Fprintf(w, "Hello, %s!\\n", html.EscapeString(req.URL.Query().Get("name")))
	}), nil
}
${LOGGER}
func main() {}
`

const TEST = `package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

func handler(t *testing.T, config map[string]interface{}, next http.Handler) http.Handler {
	t.Helper()
	var made http.Handler
	HandlerRegisterer.RegisterHandlers(func(
		name string,
		factory func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
	) {
		var err error
		if made, err = factory(context.Background(), map[string]interface{}{name: config}, next); err != nil {
			t.Fatal(err)
		}
	})
	return made
}

func TestAnswersItsPath(t *testing.T) {
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("next was called") })
	w := httptest.NewRecorder()
	handler(t, map[string]interface{}{"path": "/hi"}, next).ServeHTTP(w, httptest.NewRequest("GET", "/hi?name=Ada", nil))
	if got := w.Body.String(); got != "Hello, Ada!\\n" {
		t.Errorf("answered %q", got)
	}
}

func TestOthersGoOn(t *testing.T) {
	seen := ""
	next := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { seen = req.Header.Get("X-Seen-By") })
	request := httptest.NewRequest("GET", "/other", nil)
	handler(t, map[string]interface{}{"path": "/hi"}, next).ServeHTTP(httptest.NewRecorder(), request)
	if seen != pluginName {
		t.Errorf("X-Seen-By is %q", seen)
	}
}

func TestAPathIsNeeded(t *testing.T) {
	if _, err := newHandler(context.Background(), map[string]interface{}{}, nil); err == nil {
		t.Error("it was built without a configuration")
	}
}
`

/** A handler that answers a path, and marks other requests. */
export const goServerTemplate: GoTemplate = {
  kind: 'server',
  source: SOURCE,
  test: TEST,
  level: 'service',
  exampleOptions: { path: '/hi' },
}
