// request-response-modifier is a plugin with two modifiers. The one for requests wants to know the tenant and tells the
// upstream; the one for responses takes out fields that are nobody's business.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const pluginName = "request-response-modifier"

// ModifierRegisterer is the symbol that the gateway looks up.
var ModifierRegisterer = registerer(pluginName)

type registerer string

// RegisterModifiers hands over two names, one for each side.
func (r registerer) RegisterModifiers(f func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	f(string(r)+"-request", r.requestModifier, true, false)
	f(string(r)+"-response", r.responseModifier, false, true)
}

// RegisterLogger is called before the modifiers are registered.
func (r registerer) RegisterLogger(v interface{}) {
	l, ok := v.(Logger)
	if !ok {
		return
	}
	logger = l
	logger.Debug(fmt.Sprintf("[PLUGIN: %s] logger loaded", r))
}

// requestWrapper is what a modifier sees of a request.
type requestWrapper interface {
	Context() context.Context
	Params() map[string]string
	Headers() map[string][]string
	Body() io.ReadCloser
	Method() string
	URL() *url.URL
	Query() url.Values
	Path() string
}

// responseWrapper is what a modifier sees of a response.
type responseWrapper interface {
	Data() map[string]interface{}
	Io() io.Reader
	IsComplete() bool
	Headers() map[string][]string
	StatusCode() int
}

var errUnknownType = errors.New("unknown type")

// refusal is an error with a status of its own for the client.
type refusal struct {
	text   string
	status int
}

func (r refusal) Error() string   { return r.text }
func (r refusal) StatusCode() int { return r.status }

func (r registerer) requestModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	header := "X-Tenant"
	if config, ok := extra[string(r)+"-request"].(map[string]interface{}); ok {
		if name, ok := config["header"].(string); ok {
			header = http.CanonicalHeaderKey(name)
		}
	}
	return func(input interface{}) (interface{}, error) {
		req, ok := input.(requestWrapper)
		if !ok {
			return nil, errUnknownType
		}
		tenant := http.Header(req.Headers()).Get(header)
		if tenant == "" {
			logger.Warning(fmt.Sprintf("[PLUGIN: %s] %s %s came without a tenant", r, req.Method(), req.Path()))
			return nil, refusal{"which tenant?", http.StatusForbidden}
		}
		// The maps are those of the request itself: what is written here goes upstream.
		req.Query().Set("tenant", tenant)
		return req, nil
	}
}

func (r registerer) responseModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	var hidden []string
	if config, ok := extra[string(r)+"-response"].(map[string]interface{}); ok {
		list, _ := config["hide"].([]interface{})
		for _, field := range list {
			if name, ok := field.(string); ok {
				hidden = append(hidden, name)
			}
		}
	}
	return func(input interface{}) (interface{}, error) {
		resp, ok := input.(responseWrapper)
		if !ok {
			return nil, errUnknownType
		}
		data := resp.Data()
		for _, name := range hidden {
			if _, found := data[name]; found {
				delete(data, name)
				logger.Debug(fmt.Sprintf("[PLUGIN: %s] %s is hidden", r, name))
			}
		}
		return resp, nil
	}
}

// Logger is what the plugin needs of the gateway's log.
type Logger interface {
	Debug(v ...interface{})
	Warning(v ...interface{})
}

type noLogger struct{}

func (noLogger) Debug(...interface{})   {}
func (noLogger) Warning(...interface{}) {}

var logger Logger = noLogger{}

func main() {}
