package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func answers() map[string]http.Handler {
	s := map[string]http.Handler{}
	s["struct"] = plainStruct{"plain text"}
	s["error"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "999")
		w.Header().Set("Content-Type", "application/json")
		http.Error(w, "went <wrong>", 418)
	})
	s["redirect"] = fn(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "other?x=1&y=ä", 302) })
	s["redirect-abs"] = fn(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://example.com/a b", 301) })
	s["redirect-handler"] = http.RedirectHandler("/elsewhere", http.StatusSeeOther)
	s["notfound"] = http.NotFoundHandler()
	s["timeout"] = http.TimeoutHandler(fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "b")
		select {
		case <-time.After(5 * time.Second):
		case <-r.Context().Done():
			_, err := w.Write([]byte("late"))
			_ = err
		}
	}), 100*time.Millisecond, "took too long")
	s["chain-own"] = mw("a")(mw("b")(plainStruct{"x"}))
	s["gzip"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		g := gzipWriter{w, z}
		g.Header().Set("Content-Type", "text/plain")
		io.WriteString(g, strings.Repeat("hello ", 1000))
	})
	s["sse"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		f, ok := w.(http.Flusher)
		if !ok {
			http.Error(w, "no flusher", 500)
			return
		}
		for i := 0; i < 4; i++ {
			fmt.Fprintf(w, "data: %d\n\n", i)
			f.Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	s["controller"] = fn(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(&unwrapWriter{statusWriter{ResponseWriter: w}})
		e1 := rc.SetWriteDeadline(time.Now().Add(time.Second))
		e2 := rc.SetReadDeadline(time.Now().Add(time.Second))
		e3 := rc.EnableFullDuplex()
		io.WriteString(w, "x")
		e4 := rc.Flush()
		fmt.Fprint(w, e1, e2, e3, e4)
	})
	s["readfrom"] = fn(func(w http.ResponseWriter, r *http.Request) {
		_, ok := w.(io.ReaderFrom)
		_, sw := w.(io.StringWriter)
		_, h := w.(http.Hijacker)
		_, f := w.(http.Flusher)
		fmt.Fprint(w, ok, sw, f)
		_ = h
	})
	s["twice"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		w.WriteHeader(500)
		io.WriteString(w, "first")
		w.WriteHeader(404)
	})
	s["afterwards"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "in time")
		go func() {
			time.Sleep(30 * time.Millisecond)
			defer func() { recover() }()
			w.Header().Set("X-A", "b")
			w.Write([]byte("too late"))
			w.WriteHeader(500)
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		}()
	})
	s["204"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(204)
		_, err := w.Write([]byte("body"))
		if err != http.ErrBodyNotAllowed {
			panic(fmt.Sprint("unexpected ", err))
		}
	})
	s["304"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(304)
		w.Write([]byte("body"))
	})
	s["204-empty"] = fn(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	s["nothing"] = fn(func(w http.ResponseWriter, r *http.Request) {})
	s["only-header"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "1")
		w.Header().Set("Content-Type", "a/b")
	})
	s["empty-write"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Write(nil)
		w.Header().Set("X-After-Empty", "1")
		w.WriteHeader(500)
		w.Write([]byte("<html>"))
	})
	s["empty-only"] = fn(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte{}) })
	s["head-long"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "12")
		io.WriteString(w, "twelve bytes")
	})
	s["head-short"] = fn(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "short") })
	s["head-big"] = fn(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 100000)) })
	s["head-flush"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, "x")
	})
	s["big-out"] = fn(func(w http.ResponseWriter, r *http.Request) {
		b := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for i := 0; i < 160; i++ {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	})
	s["declared-too-short"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "3")
		n, err := io.WriteString(w, "abc")
		n2, err2 := io.WriteString(w, "def")
		if err != nil || n != 3 || err2 != http.ErrContentLength || n2 != 0 {
			fmt.Fprintln(os.Stderr, "declared-too-short:", n, err, n2, err2)
		}
	})
	s["sniff-html"] = plainStruct{"<!DOCTYPE html><html>"}
	s["sniff-json"] = plainStruct{`{"a":1}`}
	s["sniff-xml"] = plainStruct{`<?xml version="1.0"?><a/>`}
	s["sniff-png"] = plainStruct{"\x89PNG\x0D\x0A\x1A\x0A1234"}
	s["sniff-bin"] = plainStruct{"\x00\x01\x02"}
	s["sniff-pdf"] = plainStruct{"%PDF-1.4"}
	s["sniff-parts"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<!DOC")
		io.WriteString(w, "TYPE html>")
	})
	s["sniff-stream"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>")
		w.(http.Flusher).Flush()
		io.WriteString(w, "x")
	})
	s["sniff-none"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "text")
	})
	s["sniff-empty"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "")
		io.WriteString(w, "text")
	})
	s["sniff-encoded"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		io.WriteString(w, "text")
	})
	s["sniff-te"] = fn(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); io.WriteString(w, "{}") })
	s["multi"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-M", "1")
		w.Header().Add("X-M", "2")
		w.Header()["x-odd"] = []string{"a", "b"}
		w.Header()["X-ODD"] = []string{"c"}
		w.Header()["Requuid"] = []string{"d"}
		w.Header().Set("x-canon-ME", "e")
		w.Header()["X-None"] = nil
		w.Header()["X-Spaces"] = []string{"  padded  "}
		w.Header()["X-Utf"] = []string{"grüß"}
		w.Header()["X-Lines"] = []string{"a\r\nInjected: b"}
		w.Header()["Bad Name"] = []string{"x"}
		w.Header()["X-Empty"] = []string{""}
		io.WriteString(w, sortedHeader(r.Header))
	})
	s["set-date"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Server"] = []string{"mine"}
		w.Header().Set("Connection", "close")
		io.WriteString(w, "x")
	})
	s["te-header"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		io.WriteString(w, "chunk me")
	})
	s["te-identity"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "identity")
		io.WriteString(w, "chunk me not")
	})
	s["header-after"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-A", "before")
		w.WriteHeader(202)
		w.Header().Set("X-A", "after")
		w.Header().Set("X-B", "after")
		io.WriteString(w, "x")
	})
	s["header-after-write"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "x")
		w.Header().Set("X-B", "after")
		w.Header().Set("Content-Type", "late/type")
	})
	s["status-bad"] = fn(func(w http.ResponseWriter, r *http.Request) {
		defer func() { fmt.Fprint(w, recover()) }()
		w.WriteHeader(0)
	})
	s["recovered"] = fn(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if e := recover(); e != nil {
				http.Error(w, fmt.Sprint("recovered: ", e), 503)
			}
		}()
		panic(errors.New("inner"))
	})
	return s
}
