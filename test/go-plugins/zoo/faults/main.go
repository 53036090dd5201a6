// A plugin of all kinds that does wrong whatever it is asked to. Its name is that of its file, without the ending, so that
// one build can lie in a folder under many names; a file that is called init-FAULT or register-FAULT does so at its start.
package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

type registerer string

var (
	name               = strings.TrimSuffix(filepath.Base(os.Args[0]), ".wasm")
	HandlerRegisterer  = registerer(name)
	ClientRegisterer   = registerer(name)
	ModifierRegisterer = registerer(name)

	// MiddlewareRegisterer is beside the reference's own three.
	MiddlewareRegisterer = registerer(name)

	// Tells instances apart.
	born = strconv.FormatInt(time.Now().UnixNano(), 36)
	log  interface {
		Info(v ...interface{})
		Fatal(v ...interface{})
	}
)

func init() {
	if fault, ok := strings.CutPrefix(name, "init-"); ok {
		misbehave(fault)
	}
}

func main() {}

// RegisterLogger keeps the gateway's log.
func (registerer) RegisterLogger(v interface{}) {
	log, _ = v.(interface {
		Info(v ...interface{})
		Fatal(v ...interface{})
	})
}

// RegisterContext tells when the instance is to end.
func (registerer) RegisterContext(ctx context.Context) {
	context.AfterFunc(ctx, func() { os.Stdout.WriteString(name + " " + born + " ends\n") })
}

// RegisterHandlers registers a handler that does what the field X-Handler says, before or in place of calling next.
func (r registerer) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	if fault, ok := strings.CutPrefix(name, "register-"); ok {
		misbehave(fault)
	}
	f(name, func(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
		if err := factory(extra); err != nil {
			return nil, err
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("X-Born", born)
			if fault := req.Header.Get("X-Handler"); fault != "" {
				handle(fault, w, req, next)
				return
			}
			next.ServeHTTP(w, req)
		}), nil
	})
}

// RegisterClients registers a client that does what the field X-Client says.
func (r registerer) RegisterClients(f func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	f(name, func(_ context.Context, extra map[string]interface{}) (http.Handler, error) {
		if err := factory(extra); err != nil {
			return nil, err
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			misbehave(req.Header.Get("X-Client"))
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"client":true}`))
		}), nil
	})
}

// RegisterModifiers registers one for requests and one for responses.
func (r registerer) RegisterModifiers(f func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	f(name+"-request", func(extra map[string]interface{}) func(interface{}) (interface{}, error) {
		if factory(extra) != nil {
			return nil
		}
		return func(input interface{}) (interface{}, error) {
			return input, modify(first(headersOf(input), "X-Request"), input)
		}
	}, true, false)
	f(name+"-response", func(extra map[string]interface{}) func(interface{}) (interface{}, error) {
		if factory(extra) != nil {
			return nil
		}
		return func(input interface{}) (interface{}, error) {
			asked := headersOf(input.(interface{ Request() interface{} }).Request())
			return input, modify(first(asked, "X-Response"), input)
		}
	}, false, true)
}

// RegisterMiddlewares registers a middleware that does what the field X-Middleware says.
func (r registerer) RegisterMiddlewares(f func(
	name string,
	factory func(map[string]interface{}, func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error),
)) {
	f(name, func(extra map[string]interface{}, next func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error) {
		if factory(extra) != nil {
			return nil
		}
		return func(ctx context.Context, input interface{}) (interface{}, error) {
			if err := modify(first(headersOf(input), "X-Middleware"), input); err != nil {
				return nil, err
			}
			return next(ctx, input)
		}
	})
}

// factory does what the configuration says; with "when" only once the file that it names is there.
func factory(extra map[string]interface{}) error {
	own, _ := extra[name].(map[string]interface{})
	fault, _ := own["factory"].(string)
	if when, ok := own["when"].(string); ok {
		if _, err := os.Stat(when); err != nil {
			return nil
		}
	}
	if fault == "error" {
		return errors.New("not with these settings")
	}
	misbehave(fault)
	return nil
}

func headersOf(input interface{}) map[string][]string {
	return input.(interface{ Headers() map[string][]string }).Headers()
}

func first(headers map[string][]string, field string) string {
	if values := headers[field]; len(values) > 0 {
		return values[0]
	}
	return ""
}
