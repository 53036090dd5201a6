// default-client is a plugin with one client. It calls the upstream with http.DefaultClient, and says who calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

const pluginName = "default-client"

// ClientRegisterer is the symbol that the gateway looks up.
var ClientRegisterer = registerer(pluginName)

type registerer string

// RegisterClients hands over the name of the client, and the factory that makes it.
func (r registerer) RegisterClients(f func(
	name string,
	handler func(context.Context, map[string]interface{}) (http.Handler, error),
)) {
	f(string(r), r.registerClients)
}

func (r registerer) registerClients(_ context.Context, extra map[string]interface{}) (http.Handler, error) {
	config, _ := extra[pluginName].(map[string]interface{})
	header, ok := config["header"].(string)
	if !ok || header == "" {
		return nil, errors.New("the configuration names no header")
	}
	value, _ := config["value"].(string)
	// A secret does not belong into the configuration: its place in the environment does.
	if name, ok := config["env"].(string); ok {
		if value = os.Getenv(name); value == "" {
			return nil, fmt.Errorf("the environment has no %s", name)
		}
	}

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Header.Set(header, value)
		// The request is one for the upstream already: its URL is absolute, and its context has the deadline.
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			logger.Error(fmt.Sprintf("[PLUGIN: %s] %v", r, err))
			http.Error(w, "no answer", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()

		for name, values := range resp.Header {
			for _, v := range values {
				w.Header().Add(name, v)
			}
		}
		w.WriteHeader(resp.StatusCode)
		if _, err := io.Copy(w, resp.Body); err != nil {
			logger.Error(fmt.Sprintf("[PLUGIN: %s] the answer broke off: %v", r, err))
		}
	}), nil
}

// RegisterLogger is called before the clients are registered.
func (registerer) RegisterLogger(v interface{}) {
	if l, ok := v.(Logger); ok {
		logger = l
	}
}

// Logger is what the plugin needs of the gateway's log.
type Logger interface {
	Error(v ...interface{})
}

type noLogger struct{}

func (noLogger) Error(...interface{}) {}

var logger Logger = noLogger{}

func main() {}
