import { type GoTemplate, LOGGER } from './go-template.ts'

const SOURCE = `// Package main is a plugin for the gateway: it adds a header to requests, and hides a field of what backends answer.
package main

import (
	"errors"
)

const pluginName = "NAME"

// ModifierRegisterer is what the gateway looks up.
var ModifierRegisterer = registerer(pluginName)

type registerer string

// RegisterModifiers tells the gateway the plugin's names: one for requests, one for responses.
func (r registerer) RegisterModifiers(f func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	f(string(r)+"-request", newRequestModifier, true, false)
	f(string(r)+"-response", newResponseModifier, false, true)
}

// Request is what the plugin uses of a request; what the gateway hands over has more.
type Request interface {
	Headers() map[string][]string
}

// Response is what the plugin uses of a response.
type Response interface {
	Data() map[string]interface{}
}

var errUnknown = errors.New(pluginName + ": neither a request nor a response")

// newRequestModifier runs once for each place that names the plugin. extra is the whole block of the configuration.
func newRequestModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	header := option(extra, "header", "X-Gateway")

	// Runs before the backends are called.
	return func(input interface{}) (interface{}, error) {
		request, ok := input.(Request)
		if !ok {
			return nil, errUnknown
		}
		request.Headers()[header] = []string{pluginName}
		return input, nil
	}
}

func newResponseModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	field := option(extra, "hide", "password")
	logger.Debug("[PLUGIN: "+pluginName+"] hides", field)

	// Runs after they have answered.
	return func(input interface{}) (interface{}, error) {
		response, ok := input.(Response)
		if !ok {
			return nil, errUnknown
		}
		delete(response.Data(), field)
		return input, nil
	}
}

func option(extra map[string]interface{}, name, byDefault string) string {
	config, _ := extra[pluginName].(map[string]interface{})
	if value, ok := config[name].(string); ok {
		return value
	}
	return byDefault
}
${LOGGER}
func main() {}
`

const TEST = `package main

import "testing"

type exchange struct {
	headers map[string][]string
	data    map[string]interface{}
}

func (e exchange) Headers() map[string][]string { return e.headers }
func (e exchange) Data() map[string]interface{} { return e.data }

func run(t *testing.T, name string, config map[string]interface{}, input interface{}) error {
	t.Helper()
	found := false
	var failure error
	ModifierRegisterer.RegisterModifiers(func(
		registered string,
		factory func(map[string]interface{}) func(interface{}) (interface{}, error),
		_, _ bool,
	) {
		if registered == name {
			found = true
			_, failure = factory(map[string]interface{}{pluginName: config})(input)
		}
	})
	if !found {
		t.Fatalf("%s is not registered", name)
	}
	return failure
}

func TestRequestsGetAHeader(t *testing.T) {
	e := exchange{headers: map[string][]string{}}
	if err := run(t, pluginName+"-request", map[string]interface{}{"header": "X-From"}, e); err != nil {
		t.Fatal(err)
	}
	if got := e.headers["X-From"]; len(got) != 1 || got[0] != pluginName {
		t.Errorf("X-From is %v", got)
	}
}

func TestAFieldIsHidden(t *testing.T) {
	e := exchange{data: map[string]interface{}{"id": 1, "password": "x"}}
	if err := run(t, pluginName+"-response", nil, e); err != nil {
		t.Fatal(err)
	}
	if _, there := e.data["password"]; there || e.data["id"] != 1 {
		t.Errorf("the data are %v", e.data)
	}
}

func TestWhatIsNoResponseIsRefused(t *testing.T) {
	if run(t, pluginName+"-response", nil, "a text") == nil {
		t.Error("it was accepted")
	}
}
`

/** A modifier of requests and one of responses. */
export const goModifierTemplate: GoTemplate = {
  kind: 'modifier',
  names: ['NAME-request', 'NAME-response'],
  source: SOURCE,
  test: TEST,
  level: 'endpoint',
  exampleOptions: { header: 'X-Gateway', hide: 'req_uri' },
}
