// hello-handler is a plugin with one handler. It answers one path by itself and lets all other requests pass.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

const pluginName = "hello-handler"

// HandlerRegisterer is the symbol that the gateway looks up.
var HandlerRegisterer = registerer(pluginName)

type registerer string

// RegisterHandlers hands over the name of the handler, and the factory that makes it.
func (r registerer) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(string(r), r.registerHandlers)
}

func (r registerer) registerHandlers(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	// extra is the whole object of the namespace. The settings of this plugin are under its name.
	config, ok := extra[pluginName].(map[string]interface{})
	if !ok {
		return nil, errors.New("configuration not found")
	}
	path, ok := config["path"].(string)
	if !ok || path == "" {
		return nil, errors.New("the configuration has no path")
	}
	greeting, ok := config["greeting"].(string)
	if !ok {
		greeting = "Hello"
	}
	logger.Debug(fmt.Sprintf("[PLUGIN: %s] serves %s", r, path))

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != path {
			next.ServeHTTP(w, req)
			return
		}
		name := req.URL.Query().Get("name")
		if name == "" {
			name = "stranger"
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "%s, %s!\n", greeting, name)
	}), nil
}

// RegisterLogger is called before the handlers are registered.
func (registerer) RegisterLogger(v interface{}) {
	if l, ok := v.(Logger); ok {
		logger = l
	}
}

// Logger is what the plugin needs of the gateway's log.
type Logger interface {
	Debug(v ...interface{})
}

type noLogger struct{}

func (noLogger) Debug(...interface{}) {}

var logger Logger = noLogger{}

func main() {}
