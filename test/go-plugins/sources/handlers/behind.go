package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func behind(next http.Handler) map[string]http.Handler {
	s := map[string]http.Handler{}
	s["timeout-ok"] = http.TimeoutHandler(next, 3*time.Second, "took too long")
	s["maxbytes-next"] = http.MaxBytesHandler(next, 10)
	s["strip-next"] = http.StripPrefix("/pre", next)
	s["recorder"] = fn(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.Header().Set("X-Rec-Len", strconv.Itoa(rec.Body.Len()))
		w.Header().Del("Content-Length")
		w.WriteHeader(rec.Code + 1)
		w.Write(bytes.ToUpper(rec.Body.Bytes()))
	})
	s["recorder-result"] = fn(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		res := rec.Result()
		b, _ := io.ReadAll(res.Body)
		fmt.Fprintf(w, "%d %s %s", res.StatusCode, res.Header.Get("X-Up"), b)
	})
	s["chain"] = mw("a")(mw("b")(mw("c")(next)))
	s["status"] = fn(func(w http.ResponseWriter, r *http.Request) {
		sw := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(sw, r)
		fmt.Fprintf(sw, "|%d %d", sw.status, sw.bytes)
	})
	s["status-trailer"] = fn(func(w http.ResponseWriter, r *http.Request) {
		sw := &unwrapWriter{statusWriter{ResponseWriter: w}}
		next.ServeHTTP(sw, r)
		w.Header().Set("X-Late", "no effect")
		io.WriteString(sw, fmt.Sprintf("|%d %d", sw.status, sw.bytes))
	})
	s["upper"] = fn(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(upperWriter{w}, r) })
	s["buffered"] = fn(func(w http.ResponseWriter, r *http.Request) {
		p := &privateWriter{inner: w}
		next.ServeHTTP(p, r)
		w.Header().Set("X-Buf", p.Header().Get("X-Up"))
		w.Header().Set("Content-Type", "text/x")
		w.WriteHeader(p.status)
		w.Write(bytes.ReplaceAll(p.buf.Bytes(), []byte("up"), []byte("UPSTREAM")))
	})
	s["next-0"] = fn(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(202); io.WriteString(w, "own") })
	s["next"] = next
	s["next-derived"] = fn(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
	s["next-clone"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r2 := r.Clone(r.Context())
		r2.Header.Set("X-Cloned", "1")
		r2.URL.RawQuery = "q=2"
		next.ServeHTTP(w, r2)
	})
	s["next-twice-writer"] = fn(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		next.ServeHTTP(w, r)
	})
	s["next-retry"] = fn(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for i := 0; i < 3; i++ {
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.Header.Set("X-Try", strconv.Itoa(i))
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			if i == 2 {
				w.WriteHeader(rec.Code)
				w.Write(rec.Body.Bytes())
			}
		}
	})
	s["next-goroutine"] = fn(func(w http.ResponseWriter, r *http.Request) {
		done := make(chan struct{})
		go func() { defer close(done); next.ServeHTTP(w, r) }()
		<-done
	})
	s["next-body"] = fn(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body.Close()
		b = append([]byte("prefix:"), b...)
		r.Body = io.NopCloser(bytes.NewReader(b))
		r.ContentLength = int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
		next.ServeHTTP(w, r)
	})
	s["next-body-stream"] = fn(func(w http.ResponseWriter, r *http.Request) {
		pr, pw := io.Pipe()
		in := r.Body
		go func() {
			sc := bufio.NewScanner(in)
			for sc.Scan() {
				fmt.Fprintf(pw, "[%s]", sc.Text())
			}
			pw.Close()
		}()
		r.Body = pr
		r.ContentLength = -1
		r.Header.Del("Content-Length")
		next.ServeHTTP(w, r)
	})
	s["next-body-peek"] = fn(func(w http.ResponseWriter, r *http.Request) {
		br := bufio.NewReader(r.Body)
		first, _ := br.Peek(3)
		w.Header().Set("X-Peek", string(first))
		r.Body = struct {
			io.Reader
			io.Closer
		}{br, r.Body}
		next.ServeHTTP(w, r)
	})
	s["next-body-consumed-form"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Form", r.FormValue("a"))
		enc := r.PostForm.Encode()
		r.Body = io.NopCloser(strings.NewReader(enc))
		r.ContentLength = int64(len(enc))
		next.ServeHTTP(w, r)
	})
	s["next-body-nil"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Body = nil
		r.ContentLength = 0
		r.Header.Del("Content-Length")
		next.ServeHTTP(w, r)
	})
	s["next-body-nobody"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.NoBody
		r.ContentLength = 0
		r.Header.Del("Content-Length")
		next.ServeHTTP(w, r)
	})
	s["next-tee"] = fn(func(w http.ResponseWriter, r *http.Request) {
		var seen bytes.Buffer
		r.Body = io.NopCloser(io.TeeReader(r.Body, &seen))
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		fmt.Fprintf(w, "%s|%s", rec.Body, seen.String())
	})
	s["next-method"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Method = "PUT"
		r.URL.Path = "/n/rewritten path"
		r.URL.RawQuery = url.Values{"b": {"2"}, "a": {"x y", "z"}}.Encode()
		r.Header["x-odd-name"] = []string{"v"}
		r.Header["Requuid"] = []string{"u"}
		r.Header.Del("X-In")
		next.ServeHTTP(w, r)
	})
	s["next-host"] = fn(func(w http.ResponseWriter, r *http.Request) { r.Host = "changed.example"; next.ServeHTTP(w, r) })
	s["next-headers-before"] = fn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Before", "1")
		w.Header().Add("Vary", "Origin")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
		w.Header().Set("X-After", "none")
	})
	s["next-write-before"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "before ")
		next.ServeHTTP(w, r)
	})
	s["next-write-after"] = fn(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		io.WriteString(w, " after")
	})
	s["next-404"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/nowhere"
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if rec.Code == 404 {
			http.Error(w, "custom not found", 404)
			return
		}
		io.WriteString(w, "unexpected")
	})
	s["next-json"] = fn(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"status": rec.Code, "len": rec.Body.Len(), "type": rec.Header().Get("Content-Type")})
	})
	s["next-flush"] = fn(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		w.(http.Flusher).Flush()
		io.WriteString(w, "tail")
	})
	s["read-after-next"] = fn(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		b, err := io.ReadAll(r.Body)
		fmt.Fprint(w, rec.Code, len(b), err == nil || err == http.ErrBodyReadAfterClose)
	})
	return s
}
