package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed static
var static embed.FS

// HandlerRegisterer has handlers that do what the field X-Case of a request says.
var HandlerRegisterer = registerer("cases")

type registerer string

type contextKey string

func (r registerer) RegisterHandlers(f func(
	name string,
	handler func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error),
)) {
	f(string(r), makeCases)
	f("outer", makeOuter)
}

func makeCases(_ context.Context, extra map[string]interface{}, next http.Handler) (http.Handler, error) {
	address, _ := extra["upstream"].(string)
	upstream, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	cases := answers()
	maps.Copy(cases, requests(next, upstream))
	maps.Copy(cases, behind(next))
	maps.Copy(cases, apart(next))
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := cases[req.Header.Get("X-Case")]
		if h == nil {
			http.Error(w, "no such case", http.StatusNotImplemented)
			return
		}
		h.ServeHTTP(w, req)
	}), nil
}

func makeOuter(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Outer", "set")
		next.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), contextKey("outer"), "from outer")))
	}), nil
}

var (
	left      = make(chan error, 100)
	mirrored  atomic.Int64
	countsMu  sync.Mutex
	counts    = map[string]int{}
	ticks     atomic.Int64
	startOnce sync.Once
)

// apart are the cases that are not compared with package net/http.
func apart(next http.Handler) map[string]http.Handler {
	s := map[string]http.Handler{}
	s["context"] = fn(func(w http.ResponseWriter, r *http.Request) {
		_, deadline := r.Context().Deadline()
		server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
		fmt.Fprint(w, r.Context().Value(contextKey("outer")), " ", r.Context().Err(), deadline, server != nil)
	})
	s["client leaves"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("begun"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		left <- r.Context().Err()
	})
	s["has left"] = fn(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, <-left) })
	s["panic"] = fn(func(http.ResponseWriter, *http.Request) { panic(errors.New("oh no")) })
	s["panic after"] = fn(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("begun"))
		w.(http.Flusher).Flush()
		panic("late")
	})
	s["abort"] = fn(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s["hijack"] = fn(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
			return
		}
		go func() {
			defer conn.Close()
			if r.URL.Path == "/drop" {
				return
			}
			rw.WriteString("HTTP/1.1 203 Own\r\nX-Own: 1\r\nContent-Length: 8\r\n\r\nhijacked")
			rw.Flush()
		}()
	})
	s["trailer"] = fn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-T")
		w.Write([]byte("body"))
		w.Header().Set("X-T", "tail")
	})
	s["own request"] = fn(func(w http.ResponseWriter, r *http.Request) {
		own, _ := http.NewRequest("POST", "/n/own?a=1", strings.NewReader("made"))
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, own)
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	})
	s["context of its own"] = fn(func(w http.ResponseWriter, r *http.Request) {
		done := make(chan *httptest.ResponseRecorder)
		go func() {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r.WithContext(context.Background()))
			done <- rec
		}()
		w.Write((<-done).Body.Bytes())
	})
	s["time of its own"] = fn(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 30*time.Millisecond)
		defer cancel()
		r.URL.Path = "/n/never"
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r.WithContext(ctx))
		fmt.Fprint(w, rec.Code, ctx.Err())
	})
	s["too late"] = fn(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			<-r.Context().Done()
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			w.Write([]byte("more"))
			mirrored.Add(int64(rec.Code))
		}()
		w.Write([]byte("in time"))
	})
	s["was too late"] = fn(func(w http.ResponseWriter, _ *http.Request) {
		for mirrored.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		fmt.Fprint(w, mirrored.Swap(0))
	})
	s["parallel"] = fn(func(w http.ResponseWriter, r *http.Request) {
		var wg sync.WaitGroup
		bodies := make([]string, 3)
		for i := range bodies {
			wg.Add(1)
			go func() {
				defer wg.Done()
				rec := httptest.NewRecorder()
				clone := r.Clone(r.Context())
				clone.URL.Path = fmt.Sprintf("%s-%d", r.URL.Path, i)
				next.ServeHTTP(rec, clone)
				bodies[i] = strings.Fields(rec.Body.String())[2]
			}()
		}
		wg.Wait()
		fmt.Fprint(w, strings.Join(bodies, " "))
	})
	s["count"] = fn(func(w http.ResponseWriter, r *http.Request) {
		startOnce.Do(func() {
			go func() {
				for range time.Tick(time.Millisecond) {
					ticks.Add(1)
				}
			}()
		})
		time.Sleep(time.Duration(len(r.URL.Path)%5) * time.Millisecond)
		countsMu.Lock()
		counts[r.URL.Path]++
		n := counts[r.URL.Path]
		countsMu.Unlock()
		fmt.Fprint(w, r.URL.Path, n)
	})
	s["ticks"] = fn(func(w http.ResponseWriter, r *http.Request) {
		from := ticks.Load()
		for ticks.Load() < from+3 {
			time.Sleep(time.Millisecond)
		}
		fmt.Fprint(w, len(counts))
	})
	return s
}
