package main

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Opened by a request, waited for by others.
var gate = make(chan struct{})

// handle does what costs a handler its answer, or should.
func handle(fault string, w http.ResponseWriter, req *http.Request, next http.Handler) {
	what, detail, _ := strings.Cut(fault, " ")
	switch what {
	case "unread":
		w.WriteHeader(http.StatusAccepted)
	case "read-some":
		buf := make([]byte, 10)
		n, _ := io.ReadFull(req.Body, buf)
		w.Write(buf[:n])
	case "close-twice":
		req.Body.Close()
		req.Body.Close()
		_, err := req.Body.Read(make([]byte, 1))
		io.WriteString(w, err.Error())
	case "double-header":
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "created")
	case "late-header":
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "1")
		io.WriteString(w, "ok")
	case "write-after-return":
		go func() {
			time.Sleep(20 * time.Millisecond)
			w.Header().Set("X-After", "1")
			w.WriteHeader(http.StatusTeapot)
			if _, err := io.WriteString(w, "too late"); err == nil {
				log.Info("a late write was taken")
			} else {
				log.Info("a late write was refused: " + err.Error())
			}
		}()
		io.WriteString(w, "in time")
	case "next-after-return":
		go func() {
			defer func() { log.Info("a late next ended: ", recover()) }()
			time.Sleep(20 * time.Millisecond)
			next.ServeHTTP(w, req)
		}()
		io.WriteString(w, "in time")
	case "read-after-return":
		go func() {
			time.Sleep(20 * time.Millisecond)
			_, err := io.ReadAll(req.Body)
			log.Info("a late read ended: ", err)
		}()
		io.WriteString(w, "in time")
	case "next-twice":
		next.ServeHTTP(w, req)
		next.ServeHTTP(w, req)
	case "hijack":
		h, ok := w.(http.Hijacker)
		if !ok {
			http.Error(w, "no hijacker", http.StatusNotImplemented)
			return
		}
		if c, _, err := h.Hijack(); err != nil {
			http.Error(w, err.Error(), http.StatusNotImplemented)
		} else {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.Close()
		}
	case "huge-header":
		w.Header().Set("X-Huge", strings.Repeat("h", 1<<20))
		io.WriteString(w, "ok")
	case "bad-header":
		w.Header()["X Bad: name\r\nX-Injected"] = []string{"1"}
		w.Header()["X-Value"] = []string{"a\r\nX-Injected: 1"}
		w.Header()["X-Control"] = []string{"a\x00\x01\x7fb"}
		io.WriteString(w, "ok")
	case "bad-type":
		w.Header()["Content-Type"] = []string{"text/plain\r\nX-Injected: 1"}
		io.WriteString(w, "ok")
	case "bad-method":
		req.Method = "BAD METHOD\r\nX-Injected: 1"
		next.ServeHTTP(w, req)
	case "bad-host":
		req.Host = "a b\r\nX-Injected: 1"
		next.ServeHTTP(w, req)
	case "bad-query":
		req.URL.RawQuery = "a=b HTTP/1.1\r\nX-Injected: 1\r\n"
		next.ServeHTTP(w, req)
	case "bad-path":
		req.URL.Path = "/good\r\nX-Injected: 1"
		next.ServeHTTP(w, req)
	case "bad-opaque":
		req.URL.Opaque = "/good HTTP/1.1\r\nX-Injected: 1\r\n"
		next.ServeHTTP(w, req)
	case "bad-request-header":
		req.Header["X-Value"] = []string{"a\r\nX-Injected: 1", "\x01"}
		next.ServeHTTP(w, req)
	case "status":
		status, _ := strconv.Atoi(detail)
		w.WriteHeader(status)
		io.WriteString(w, "ok")
	case "length":
		w.Header().Set("Content-Length", detail)
		io.WriteString(w, "ok")
	case "stream-length":
		w.Header().Set("Content-Length", detail)
		w.(http.Flusher).Flush()
		io.WriteString(w, "ok")
	case "stream":
		// The head and the first bytes go out; then comes the fault.
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-gate
		misbehave(detail)
		io.WriteString(w, " last")
	case "wait":
		<-gate
		io.WriteString(w, born)
	case "open":
		close(gate)
		gate = make(chan struct{})
	case "abort":
		panic(http.ErrAbortHandler)
	case "echo":
		io.Copy(w, req.Body)
	case "echo-late":
		w.(http.Flusher).Flush()
		io.Copy(w, req.Body)
	case "read-then":
		io.CopyN(io.Discard, req.Body, 10)
		misbehave(detail)
	case "stats":
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		json.NewEncoder(w).Encode(map[string]uint64{"sys": m.Sys, "heap": m.HeapAlloc, "goroutines": uint64(runtime.NumGoroutine())})
	case "try":
		io.WriteString(w, try(detail))
	case "next-then":
		next.ServeHTTP(w, req)
		misbehave(detail)
	case "then-next":
		misbehave(detail)
		next.ServeHTTP(w, req)
	default:
		misbehave(fault)
		io.WriteString(w, "done")
	}
}
