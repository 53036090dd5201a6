import { type GoTemplate, LOGGER } from './go-template.ts'

const SOURCE = `// Package main is a plugin for the gateway: it calls a backend in place of the gateway's client, and signs what it sends.
package main

import (
	"context"
	"errors"
	"io"
	"net/http"
)

const pluginName = "NAME"

// ClientRegisterer is what the gateway looks up.
var ClientRegisterer = registerer(pluginName)

type registerer string

// RegisterClients tells the gateway the plugin's name, and how its client is made.
func (r registerer) RegisterClients(f func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	f(string(r), newClient)
}

// newClient runs once for each backend that names the plugin. extra is the whole block of the configuration.
func newClient(_ context.Context, extra map[string]interface{}) (http.Handler, error) {
	config, _ := extra[pluginName].(map[string]interface{})
	key, _ := config["key"].(string)
	if key == "" {
		return nil, errors.New("key is missing")
	}

	// Runs for every call: req is the request to the backend, and w takes its answer.
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Header.Set("X-Key", key)
		response, err := http.DefaultClient.Do(req)
		if err != nil {
			logger.Error("[PLUGIN: "+pluginName+"]", err)
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		for name, values := range response.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(response.StatusCode)
		io.Copy(w, response.Body)
	}), nil
}
${LOGGER}
func main() {}
`

const TEST = `package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func client(t *testing.T, config map[string]interface{}) (made http.Handler, failure error) {
	t.Helper()
	ClientRegisterer.RegisterClients(func(
		name string,
		factory func(context.Context, map[string]interface{}) (http.Handler, error),
	) {
		made, failure = factory(context.Background(), map[string]interface{}{"name": name, name: config})
	})
	return
}

func TestCallsWithTheKey(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, req.Header.Get("X-Key"))
	}))
	defer backend.Close()
	handler, err := client(t, map[string]interface{}{"key": "for tests"})
	if err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequest("GET", backend.URL, nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, request)
	if w.Code != http.StatusTeapot || w.Body.String() != "for tests" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
}

func TestAKeyIsNeeded(t *testing.T) {
	if _, err := client(t, nil); err == nil {
		t.Error("it was built without a key")
	}
}
`

/** A client on Go's own. */
export const goClientTemplate: GoTemplate = {
  kind: 'client',
  source: SOURCE,
  test: TEST,
  level: 'backend',
  exampleOptions: { key: 'not for production' },
}
