package bridge

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
)

type (
	clientFactory     = func(context.Context, map[string]interface{}) (http.Handler, error)
	handlerFactory    = func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error)
	modifierFactory   = func(map[string]interface{}) func(interface{}) (interface{}, error)
	middlewareFactory = func(map[string]interface{}, func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error)
)

var registry = struct {
	clients           map[string]clientFactory
	handlers          map[string]handlerFactory
	requestModifiers  map[string]modifierFactory
	responseModifiers map[string]modifierFactory
	middlewares       map[string]middlewareFactory
	martians          map[string]*martianFactory
}{
	map[string]clientFactory{}, map[string]handlerFactory{}, map[string]modifierFactory{}, map[string]modifierFactory{},
	map[string]middlewareFactory{}, map[string]*martianFactory{},
}

// typeReport is what became of one registerer.
type typeReport struct {
	// Missing: the sources have no such symbol.
	Missing bool `json:"missing,omitempty"`
	// Error is why it could not register its plugins.
	Error string `json:"error,omitempty"`
	// Names in the order of their registration.
	Names []string `json:"names,omitempty"`
}

type report struct {
	Client     typeReport      `json:"client"`
	Handler    typeReport      `json:"handler"`
	Modifier   typeReport      `json:"modifier"`
	Request    []string        `json:"request,omitempty"`
	Response   []string        `json:"response,omitempty"`
	Middleware typeReport      `json:"middleware"`
	Martian    []martianReport `json:"martian,omitempty"`
}

// register asks each registerer for its plugins, in the order of the reference, and tells the host what there is.
func register(p Plugin) {
	var r report
	r.Client = registerType(p.Clients, false, "http-request-executor plugin loader: unknown type", func(symbol any, add func(string)) bool {
		s, ok := symbol.(interface {
			RegisterClients(func(name string, handler clientFactory))
		})
		if ok {
			s.RegisterClients(func(name string, factory clientFactory) {
				registry.clients[name] = factory
				add(name)
			})
		}
		return ok
	})
	r.Handler = registerType(p.Handlers, false, "http-server-handler plugin loader: unknown type", func(symbol any, add func(string)) bool {
		s, ok := symbol.(interface {
			RegisterHandlers(func(name string, handler handlerFactory))
		})
		if ok {
			s.RegisterHandlers(func(name string, factory handlerFactory) {
				registry.handlers[name] = factory
				add(name)
			})
		}
		return ok
	})
	r.Modifier = registerType(p.Modifiers, true, "modifier plugin loader: unknown type", func(symbol any, add func(string)) bool {
		s, ok := symbol.(interface {
			RegisterModifiers(func(name string, factory modifierFactory, appliesToRequest, appliesToResponse bool))
		})
		if ok {
			s.RegisterModifiers(func(name string, factory modifierFactory, toRequest, toResponse bool) {
				if toRequest {
					registry.requestModifiers[name] = factory
					r.Request = append(r.Request, name)
				}
				if toResponse {
					registry.responseModifiers[name] = factory
					r.Response = append(r.Response, name)
				}
				add(name)
			})
		}
		return ok
	})
	r.Middleware = registerType(p.Middlewares, true, "middleware plugin loader: unknown type", func(symbol any, add func(string)) bool {
		s, ok := symbol.(interface {
			RegisterMiddlewares(func(name string, factory middlewareFactory))
		})
		if ok {
			s.RegisterMiddlewares(func(name string, factory middlewareFactory) {
				registry.middlewares[name] = factory
				add(name)
			})
		}
		return ok
	})
	r.Martian = martianNames()
	text, _ := json.Marshal(r)
	w := newFrame(frReady, 0, callKey{}, 0)
	w.raw(text)
	w.send()
}

func registerType(symbol any, withContext bool, unknown string, run func(symbol any, add func(string)) bool) (r typeReport) {
	if symbol == nil {
		r.Missing = true
		return
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			r.Error = panicText(thrown)
			logPanic(thrown)
		}
	}()
	symbol = methodsOf(symbol)
	if l, ok := symbol.(interface{ RegisterLogger(interface{}) }); ok {
		l.RegisterLogger(logger{})
	}
	if withContext {
		if c, ok := symbol.(interface{ RegisterContext(context.Context) }); ok {
			c.RegisterContext(serviceContext)
		}
	}
	if !run(symbol, func(name string) { r.Names = append(r.Names, name) }) {
		r.Error = unknown
	}
	return
}

func panicText(thrown any) string {
	return panicError{thrown}.Error()[len("panic: "):]
}

// methodsOf is what the methods of a registerer are looked up on: the address of the variable, or, where that is itself a
// pointer or an interface, what it holds.
func methodsOf(address any) any {
	v := reflect.ValueOf(address).Elem()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return v.Interface()
		}
	}
	return address
}
