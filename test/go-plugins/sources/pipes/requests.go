package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"sort"
	"strings"
)

func reader(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func (r registerer) request(cfg map[string]interface{}) func(interface{}) (interface{}, error) {
	c, _ := cfg["case"].(string)
	if c == "nilfactory" {
		return nil
	}
	return func(in interface{}) (interface{}, error) {
		w, ok := in.(RequestWrapper)
		if !ok {
			return nil, errors.New("no RequestWrapper")
		}
		if _, ok := in.(OldRequest); !ok {
			return nil, errors.New("no OldRequest")
		}
		switch c {
		case "describe":
			b, err := io.ReadAll(w.Body())
			var keys []string
			for k := range w.Headers() {
				keys = append(keys, k)
			}
			sort.Strings(keys)
			_, has := w.Context().Deadline()
			text := fmt.Sprintf("params=%v headers=%v method=%s url=%v query=%v path=%s body=%q %v deadline=%v type=%v", w.Params(), keys, w.Method(), w.URL(), w.Query(), w.Path(), b, err, has, reflect.TypeOf(in).Kind())
			return reqCtxOf(w, func(x *reqCtx) { x.body = reader(text) }), nil
		case "live":
			w.Headers()["X-Live"] = []string{"1", "2"}
			w.Headers()["x-odd-Live"] = []string{"odd"}
			delete(w.Headers(), "X-In")
			w.Headers()["X-Nil"] = nil
			w.Params()["Id"] = "changed"
			w.Query().Set("q", "new value")
			w.Query().Add("added", "1")
			w.Query().Del("gone")
			return nil, nil
		case "live-string":
			w.Headers()["X-Live"] = []string{"1"}
			return "ignored", nil
		case "value":
			return req{w.Params(), map[string][]string{"X-Own": {"1"}}, reader("own body"), "DELETE", w.URL(), url.Values{"z": {"1"}}, "/nowhere"}, nil
		case "pointer":
			return &req{map[string]string{"Id": "ptr"}, w.Headers(), w.Body(), w.Method(), w.URL(), w.Query(), w.Path()}, nil
		case "embedded":
			h := map[string][]string{}
			for k, v := range w.Headers() {
				h[k] = v
			}
			h["X-Embedded"] = []string{"yes"}
			return embedded{w, h, nil}, nil
		case "embedded-body":
			b, _ := io.ReadAll(w.Body())
			return &embedded{w, nil, reader("[" + string(b) + "]")}, nil
		case "embedded-nochange":
			return embedded{RequestWrapper: w}, nil
		case "embedded-query":
			return &embeddedQuery{w, url.Values{"a": {"1", "2"}, "b c": {"d&e"}}, map[string]string{"Id": "a b/c"}}, nil
		case "buffer":
			b, _ := io.ReadAll(w.Body())
			return reqCtxOf(w, func(x *reqCtx) { x.body = io.NopCloser(bytes.NewBuffer(append(b, '!'))) }), nil
		case "pipe":
			pr, pw := io.Pipe()
			in := w.Body()
			go func() {
				sc := bufio.NewScanner(in)
				for sc.Scan() {
					fmt.Fprintf(pw, "<%s>", sc.Text())
				}
				pw.CloseWithError(sc.Err())
			}()
			return reqCtxOf(w, func(x *reqCtx) { x.body = pr }), nil
		case "bufio":
			br := bufio.NewReader(w.Body())
			br.Peek(1)
			return reqCtxOf(w, func(x *reqCtx) { x.body = io.NopCloser(br) }), nil
		case "url":
			if w.URL() != nil {
				w.URL().Path = "/json/urlchanged"
				w.URL().RawQuery = "u=1"
			}
			return in, nil
		case "err":
			return nil, errors.New("plain <error>")
		case "err-status":
			return nil, statusErr{"teapot", 418}
		case "err-enc":
			return nil, &encErr{statusErr{`{"error":"x"}`, 422}, "application/json"}
		case "err-head":
			return nil, &headErr{encErr{statusErr{`{"error":"x"}`, 429}, "application/json"}}
		case "err-emb":
			return nil, embErr{errors.New("embedded"), 403}
		case "err-wrapped":
			return nil, fmt.Errorf("wrapped: %w", statusErr{"inner", 404})
		case "err-302":
			return nil, redir{}
		case "panic":
			panic("modifier panics")
		case "reflect":
			v := reflect.ValueOf(in)
			m := v.MethodByName("Params").Call(nil)[0].Interface().(map[string]string)
			n := v.MethodByName("Headers")
			h := n.Call(nil)[0].Interface().(map[string][]string)
			h["X-Reflect"] = []string{m["Id"], fmt.Sprint(v.NumMethod() >= 8)}
			_ = fmt.Sprint(in)
			_ = fmt.Sprintf("%v %+v %#v", in, in, in)
			return in, nil
		case "params-new":
			w.Params()["Other"] = "o"
			w.Params()["id"] = "lower"
			return in, nil
		}
		return in, nil
	}
}
