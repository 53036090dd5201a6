// Command bench holds the plugins that the bench measures: each does as little as a plugin can that is worth having.
package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type registerer string

// The plugins are named after the file, so that copies of it can live beside each other.
var (
	HandlerRegisterer  = registerer(fileName())
	ModifierRegisterer = registerer(fileName())
)

func fileName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".wasm")
}

// RegisterHandlers registers a handler that sets a header and calls next, and one that waits.
func (r registerer) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(string(r), func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			req.Header.Set("X-Bench", "go")
			next.ServeHTTP(w, req)
		}), nil
	})
	f(string(r)+"-wait", func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(100 * time.Millisecond)
			w.WriteHeader(http.StatusNoContent)
		}), nil
	})
}

// RegisterModifiers registers a modifier of responses that changes one field.
func (r registerer) RegisterModifiers(f func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	f(string(r), func(map[string]interface{}) func(interface{}) (interface{}, error) {
		return func(input interface{}) (interface{}, error) {
			response, ok := input.(interface{ Data() map[string]interface{} })
			if !ok {
				return nil, errors.New("not a response")
			}
			response.Data()["name"] = "bench"
			return input, nil
		}
	}, false, true)
}

func main() {}
