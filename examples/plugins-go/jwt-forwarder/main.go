// jwt-forwarder is a plugin with one modifier of requests. It checks the client's token, takes it away, and hands claims
// on as headers. The keys are fetched in the background.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const pluginName = "jwt-forwarder"

// ModifierRegisterer is the symbol that the gateway looks up.
var ModifierRegisterer = registerer(pluginName)

type registerer string

// done ends with the gateway, and ends what runs in the background.
var done = context.Background()

// RegisterContext is called before the modifiers are registered.
func (registerer) RegisterContext(ctx context.Context) { done = ctx }

// RegisterModifiers hands over the name of the modifier, and the factory that makes it.
func (r registerer) RegisterModifiers(f func(
	name string,
	factory func(map[string]interface{}) func(interface{}) (interface{}, error),
	appliesToRequest bool,
	appliesToResponse bool,
)) {
	f(string(r), r.requestModifier, true, false)
}

// requestWrapper is as much as the modifier needs of a request.
type requestWrapper interface {
	Headers() map[string][]string
}

// refusal is an error with a status of its own for the client.
type refusal struct{ text string }

func (r refusal) Error() string   { return r.text }
func (r refusal) StatusCode() int { return http.StatusUnauthorized }

func (r registerer) requestModifier(extra map[string]interface{}) func(interface{}) (interface{}, error) {
	config, err := configOf(extra)
	if err != nil {
		// A modifier that lets everything pass would be worse than one that lets nothing pass.
		logger.Error(fmt.Sprintf("[PLUGIN: %s] %v", r, err))
		return func(interface{}) (interface{}, error) { return nil, err }
	}
	keys := newKeySet(config.keys, config.every)
	go keys.refresh(done)

	return func(input interface{}) (interface{}, error) {
		req, ok := input.(requestWrapper)
		if !ok {
			return nil, errors.New("unknown type")
		}
		header := http.Header(req.Headers())
		token, found := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
		if !found {
			return nil, refusal{"a token is required"}
		}
		claims, err := verify(token, keys, time.Now())
		if err != nil {
			logger.Warning(fmt.Sprintf("[PLUGIN: %s] refused: %v", r, err))
			return nil, refusal{"the token is not valid"}
		}
		header.Del("Authorization")
		for claim, name := range config.forward {
			if value, ok := claims[claim]; ok {
				header.Set(name, fmt.Sprint(value))
			} else {
				header.Del(name) // the client must not say it in place of the token
			}
		}
		return req, nil
	}
}

type settings struct {
	keys    string
	every   time.Duration
	forward map[string]string
}

func configOf(extra map[string]interface{}) (settings, error) {
	config, ok := extra[pluginName].(map[string]interface{})
	if !ok {
		return settings{}, errors.New("configuration not found")
	}
	s := settings{every: 15 * time.Minute, forward: map[string]string{}}
	if s.keys, ok = config["keys"].(string); !ok {
		return s, errors.New("the configuration does not say where the keys are")
	}
	if text, ok := config["every"].(string); ok {
		every, err := time.ParseDuration(text)
		if err != nil || every <= 0 {
			return s, fmt.Errorf("every: %q is no duration", text)
		}
		s.every = every
	}
	forward, _ := config["forward"].(map[string]interface{})
	for claim, name := range forward {
		if text, ok := name.(string); ok {
			s.forward[claim] = text
		}
	}
	return s, nil
}

// RegisterLogger is called before the modifiers are registered.
func (registerer) RegisterLogger(v interface{}) {
	if l, ok := v.(Logger); ok {
		logger = l
	}
}

// Logger is what the plugin needs of the gateway's log.
type Logger interface {
	Debug(v ...interface{})
	Warning(v ...interface{})
	Error(v ...interface{})
}

type noLogger struct{}

func (noLogger) Debug(...interface{})   {}
func (noLogger) Warning(...interface{}) {}
func (noLogger) Error(...interface{})   {}

var logger Logger = noLogger{}

func main() {}
