// rest-to-rpc is a plugin with one handler. Below its prefix it has a mux of its own, which translates REST into calls of
// procedures; all other requests pass.
package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

const pluginName = "rest-to-rpc"

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
	config, ok := extra[pluginName].(map[string]interface{})
	if !ok {
		return nil, errors.New("configuration not found")
	}
	target, _ := config["target"].(string)
	if target == "" {
		return nil, errors.New("the configuration has no target")
	}
	prefix, _ := config["prefix"].(string)
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.HasPrefix(prefix, "/") {
		return nil, errors.New("the configuration has no prefix")
	}

	orders := newMux(prefix, &rpcClient{target: strings.TrimSuffix(target, "/"), http: http.DefaultClient})
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, prefix+"/") {
			orders.ServeHTTP(w, req)
			return
		}
		next.ServeHTTP(w, req)
	}), nil
}

// order is a message of the service, in its JSON form.
type order struct {
	ID       string `json:"id,omitempty"`
	Customer string `json:"customer"`
	Item     string `json:"item"`
}

func newMux(prefix string, rpc *rpcClient) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"/orders", func(w http.ResponseWriter, req *http.Request) {
		var list struct {
			Orders []order `json:"orders"`
		}
		err := rpc.call(req.Context(), "shop.Orders/List", map[string]string{"customer": req.FormValue("customer")}, &list)
		answer(w, http.StatusOK, list.Orders, err)
	})
	mux.HandleFunc("GET "+prefix+"/orders/{id}", func(w http.ResponseWriter, req *http.Request) {
		var one order
		err := rpc.call(req.Context(), "shop.Orders/Get", order{ID: req.PathValue("id")}, &one)
		answer(w, http.StatusOK, one, err)
	})
	mux.HandleFunc("POST "+prefix+"/orders", func(w http.ResponseWriter, req *http.Request) {
		var one order
		if err := decode(w, req, &one); err != nil {
			answer(w, 0, nil, &rpcError{Code: "invalid_argument", Message: err.Error()})
			return
		}
		err := rpc.call(req.Context(), "shop.Orders/Create", one, &one)
		w.Header().Set("Location", req.URL.Path+"/"+one.ID)
		answer(w, http.StatusCreated, one, err)
	})
	mux.HandleFunc("DELETE "+prefix+"/orders/{id}", func(w http.ResponseWriter, req *http.Request) {
		err := rpc.call(req.Context(), "shop.Orders/Cancel", order{ID: req.PathValue("id")}, nil)
		answer(w, http.StatusNoContent, nil, err)
	})
	return mux
}

func main() {}
