// Package bridge runs a plugin inside the gateway. The builder puts it into the standard library and makes the main
// function that calls Run, so the sources of plugins stay as they are.
package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"
)

// Plugin holds the address of each registerer that the sources have; nil where they have none.
type Plugin struct {
	Clients, Handlers, Modifiers, Middlewares any
	// Network is ConfigureTransport, for sources that may call others by HTTP.
	Network func(settings []byte)
}

var (
	serviceContext, endService = context.WithCancel(context.Background())

	instancesMu sync.Mutex
	handlers    = map[uint32]http.Handler{}
	modifiers   = map[uint32]modifierFunc{}
	middlewares = map[uint32]middlewareFunc{}
	martians    = map[uint32]any{}
	made        = map[string]*instance{}
	lastID      uint32
)

// instance is what a factory has made for a place of the configuration, once for all threads of the gateway.
type instance struct {
	ready chan struct{}
	id    uint32 // 0: left out
	err   string
}

// Run registers the plugins, tells the host their names, and answers it until the process ends.
func Run(p Plugin) {
	hello := make(chan struct{})
	go func() {
		err := readFrames(func(f *frame) { dispatch(f, p.Network, hello) })
		os.Stderr.WriteString("the gateway is gone: " + err.Error() + "\n")
		os.Exit(1)
	}()
	<-hello
	register(p)
	select {}
}

// settings are what the host says before anything runs.
type settings struct {
	LogLevel  byte            `json:"logLevel"`
	Transport json.RawMessage `json:"transport"`
}

func dispatch(f *frame, network func([]byte), hello chan struct{}) {
	switch f.kind {
	case toHello:
		var s settings
		if json.Unmarshal(f.payload, &s) == nil {
			logLevel = s.LogLevel
			if network != nil {
				network(s.Transport)
			}
		}
		close(hello)
	case toInstantiate:
		r := reader{f.payload}
		name, key, config := r.text(), r.text(), r.text()
		go instantiate(f.key(), f.flags, name, key, config)
	case toHandle:
		handle(f)
	case toModifyReq, toModifyResp:
		modify(f)
	case toMiddleware:
		runMiddleware(f)
	case toMartian:
		martianArrived(f)
	case toNextHead, toAnswer:
		if c := find(f.key()); c != nil {
			c.answered(f.extra, &reply{f.flags, append([]byte(nil), f.payload...)})
		}
	case toChunk:
		if c := find(f.key()); c != nil {
			c.chunkArrived(f)
		}
	case toCancel:
		if c := find(f.key()); c != nil {
			c.cancel(reasonFor(f.flags))
		}
	case toCredit:
		if s := outStreamOf(f); s != nil {
			r := reader{f.payload}
			s.grant(r.u32())
		}
	case toDrop:
		if s := outStreamOf(f); s != nil {
			s.fail(errNotWanted)
		}
	case toRelease:
		release(f.key(), reasonFor(f.flags))
	case toShutdown:
		endService()
	}
}

func reasonFor(flags byte) error {
	if flags == 1 {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// The kinds of plugins in toInstantiate.
const (
	kindClient     = 1
	kindHandler    = 2
	kindModReq     = 3
	kindModResp    = 4
	kindMiddleware = 5
	kindMartian    = 6
)

// instantiate calls a factory, once for each key, and tells what came of it.
func instantiate(k callKey, kind byte, name, key, config string) {
	instancesMu.Lock()
	in := made[key]
	first := in == nil
	if first {
		in = &instance{ready: make(chan struct{})}
		made[key] = in
	}
	instancesMu.Unlock()
	if first {
		in.make(kind, name, config)
		close(in.ready)
	}
	<-in.ready
	flags := byte(0)
	if in.err != "" {
		flags = 1
	} else if in.id == 0 {
		flags = 2
	}
	w := newFrame(frInstantiated, flags, k, in.id)
	w.rest(in.err)
	w.send()
}

func (in *instance) make(kind byte, name, config string) {
	defer func() {
		if thrown := recover(); thrown != nil {
			in.err = panicError{thrown}.Error()
			logPanic(thrown)
		}
	}()
	var extra map[string]interface{}
	if kind != kindMartian {
		if err := json.Unmarshal([]byte(config), &extra); err != nil {
			in.err = err.Error()
			return
		}
	}
	made, err := create(kind, name, config, extra)
	if err != nil {
		in.err = err.Error()
		return
	}
	if made == nil {
		return
	}
	instancesMu.Lock()
	defer instancesMu.Unlock()
	lastID++
	in.id = lastID
	switch v := made.(type) {
	case http.Handler:
		handlers[in.id] = v
	case modifierFunc:
		modifiers[in.id] = v
	case middlewareFunc:
		middlewares[in.id] = v
	case martian:
		martians[in.id] = v.value
	}
}

// create calls the factory of a name. Nothing and no error: it wants to be left out.
func create(kind byte, name, config string, extra map[string]interface{}) (any, error) {
	switch kind {
	case kindClient:
		if factory := registry.clients[name]; factory != nil {
			h, err := factory(serviceContext, extra)
			return handlerOrError(h, err)
		}
	case kindHandler:
		if factory := registry.handlers[name]; factory != nil {
			h, err := factory(serviceContext, extra, next{})
			return handlerOrError(h, err)
		}
	case kindModReq, kindModResp:
		factories := registry.requestModifiers
		if kind == kindModResp {
			factories = registry.responseModifiers
		}
		if factory := factories[name]; factory != nil {
			if m := factory(extra); m != nil {
				return m, nil
			}
			return nil, nil
		}
	case kindMiddleware:
		if factory := registry.middlewares[name]; factory != nil {
			if m := factory(extra, nextProxy); m != nil {
				return m, nil
			}
			return nil, nil
		}
	case kindMartian:
		if factory := registry.martians[name]; factory != nil {
			value, err := factory.make([]byte(config))
			if err != nil {
				return nil, err
			}
			if err := checkMartian(value); err != nil {
				return nil, err
			}
			return martian{value}, nil
		}
	}
	return nil, errors.New("the plugin has not registered " + name)
}

func handlerOrError(h http.Handler, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if isNil(h) {
		return nil, errors.New("the factory returned no handler")
	}
	return h, nil
}

// madeAt is what a factory has made under a number; nothing where it has made nothing.
func madeAt[V any](all map[uint32]V, id uint32) V {
	instancesMu.Lock()
	defer instancesMu.Unlock()
	return all[id]
}
