// Package register makes Martian modifiers of a plugin known to the gateway. The builder puts it in place of the package
// that the sources import, which has the same names.
package register

import "loligo/bridge"

// Scope says which side of a call a modifier works on.
type Scope string

const (
	// ScopeRequest is for the request to a backend.
	ScopeRequest Scope = "request"
	// ScopeResponse is for the backend's response.
	ScopeResponse Scope = "response"
)

// Component is a modifier as it was registered.
type Component struct {
	Scope       []Scope
	NewFromJSON func(b []byte) (interface{}, error)
}

var components = map[string]Component{}

// Set registers a modifier by the name that configurations use.
func Set(name string, scope []Scope, f func(b []byte) (interface{}, error)) {
	components[name] = Component{scope, f}
	scopes := make([]string, len(scope))
	for i, s := range scope {
		scopes[i] = string(s)
	}
	bridge.RegisterMartian(name, scopes, f)
}

// Get returns all modifiers that were registered.
func Get() map[string]Component {
	all := make(map[string]Component, len(components))
	for name, component := range components {
		all[name] = component
	}
	return all
}
