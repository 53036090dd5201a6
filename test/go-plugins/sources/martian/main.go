// Sources of the old sort: no registerers, but modifiers for Martian that are registered in init.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/devopsfaith/krakend-martian/register"
)

func init() {
	register.Set("body.Upper", []register.Scope{register.ScopeResponse}, func([]byte) (interface{}, error) {
		return upper{}, nil
	})
	register.Set("nothing", []register.Scope{register.ScopeRequest}, func([]byte) (interface{}, error) {
		return "neither", nil
	})
	register.Set("header.Correlation", []register.Scope{register.ScopeRequest, register.ScopeResponse}, func(b []byte) (interface{}, error) {
		var cfg struct {
			Name string `json:"name"`
		}
		if err := json.Unmarshal(b, &cfg); err != nil {
			return nil, err
		}
		return &correlation{cfg.Name}, nil
	})
}

type correlation struct{ name string }

func (c *correlation) ModifyRequest(req *http.Request) error {
	if req.URL.Query().Get("refuse") != "" {
		return errors.New("refused by correlation")
	}
	req.Header.Set(c.name, fmt.Sprint("r-", req.URL.Path))
	return nil
}

func (c *correlation) ModifyResponse(resp *http.Response) error {
	resp.Header.Set(c.name, resp.Request.Method)
	return nil
}

type upper struct{}

func (upper) ModifyResponse(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(bytes.ToUpper(body)))
	resp.StatusCode = 203
	return nil
}
