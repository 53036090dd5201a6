package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

var MiddlewareRegisterer = mws{}

type mws struct{}

type replaced struct {
	OldResponse
	extra map[string]interface{}
}

func (e replaced) Data() map[string]interface{} { return e.extra }

func (mws) RegisterMiddlewares(f func(name string, factory func(map[string]interface{}, func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error))) {
	f("m", func(cfg map[string]interface{}, next func(context.Context, interface{}) (interface{}, error)) func(context.Context, interface{}) (interface{}, error) {
		cs, _ := cfg["case"].(string)
		return func(ctx context.Context, in interface{}) (interface{}, error) {
			w, ok := in.(RequestWrapper)
			if !ok {
				return nil, errors.New("no Req")
			}
			switch cs {
			case "pass":
				return next(ctx, in)
			case "short":
				c, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				_, err := next(c, in)
				return resp{map[string]interface{}{"err": fmt.Sprint(err), "ctx": fmt.Sprint(c.Err())}, nil, true, nil, 200}, nil
			case "twice":
				a, e1 := next(ctx, in)
				b, e2 := next(ctx, in)
				if e1 != nil || e2 != nil {
					return nil, fmt.Errorf("%v %v", e1, e2)
				}
				return resp{map[string]interface{}{"a": a.(OldResponse).Data(), "b": b.(OldResponse).Data()}, nil, true, nil, 0}, nil
			case "parallel":
				var wg sync.WaitGroup
				out := make([]interface{}, 4)
				for i := range out {
					wg.Add(1)
					go func() {
						defer wg.Done()
						r, err := next(ctx, in)
						if err != nil {
							out[i] = err.Error()
							return
						}
						out[i] = r.(OldResponse).Data()
					}()
				}
				wg.Wait()
				return resp{map[string]interface{}{"all": out}, nil, true, nil, 0}, nil
			case "background":
				return next(context.Background(), in)
			case "skip":
				return resp{map[string]interface{}{"skipped": w.Path()}, nil, true, map[string][]string{"X-M": {"1"}}, 200}, nil
			case "skip-noop":
				return resp{nil, strings.NewReader("made here"), true, map[string][]string{"X-M": {"1"}, "Content-Type": {"text/m"}}, 202}, nil
			case "err":
				return nil, errors.New("plain")
			case "err-coded":
				return nil, statusErr{"coded", 429}
			case "err-next":
				r, err := next(ctx, in)
				if err == nil {
					return r, nil
				}
				sc, ok := err.(interface{ StatusCode() int })
				s := -1
				if ok {
					s = sc.StatusCode()
				}
				return resp{map[string]interface{}{"err": err.Error(), "status": s}, nil, true, nil, 200}, nil
			case "edit":
				w.Headers()["X-Mw"] = []string{"1"}
				w.Params()["Id"] = "mw"
				w.Query().Set("mw", "1")
				r, err := next(ctx, in)
				if err != nil {
					return nil, err
				}
				rs := r.(OldResponse)
				rs.Data()["edited"] = true
				rs.Headers()["X-Back"] = []string{"b"}
				return r, nil
			case "embed":
				b, _ := io.ReadAll(w.Body())
				r, err := next(ctx, embedded{w, map[string][]string{"X-Emb": {"1"}}, io.NopCloser(strings.NewReader("[" + string(b) + "]"))})
				if err != nil {
					return nil, err
				}
				return replaced{r.(OldResponse), map[string]interface{}{"was": r.(OldResponse).Data()}}, nil
			case "nil":
				return nil, nil
			case "panic":
				panic("mw")
			case "retry":
				b, _ := io.ReadAll(w.Body())
				var r interface{}
				var err error
				for i := 0; i < 3; i++ {
					h := map[string][]string{"X-Try": {fmt.Sprint(i)}}
					r, err = next(ctx, embedded{w, h, io.NopCloser(strings.NewReader(string(b)))})
					if err == nil && i == 2 {
						return r, nil
					}
				}
				return r, err
			case "upper":
				r, err := next(ctx, in)
				if err != nil {
					return nil, err
				}
				rs := r.(OldResponse)
				b, _ := io.ReadAll(rs.Io())
				h := rs.Headers()
				delete(h, "Content-Length")
				return resp{nil, strings.NewReader(strings.ToUpper(string(b))), true, h, rs.StatusCode()}, nil
			}
			return next(ctx, in)
		}
	})
}
