package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"
)

type plainStruct struct{ text string }

func (p plainStruct) ServeHTTP(w http.ResponseWriter, r *http.Request) { io.WriteString(w, p.text) }

type ptrStruct struct{ n atomic.Int64 }

func (p *ptrStruct) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "calls > 0: %v", p.n.Add(1) > 0)
}

type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (s *statusWriter) WriteHeader(c int) { s.status = c; s.ResponseWriter.WriteHeader(c) }
func (s *statusWriter) Write(p []byte) (int, error) {
	if s.status == 0 {
		s.status = 200
	}
	n, err := s.ResponseWriter.Write(p)
	s.bytes += n
	return n, err
}

type unwrapWriter struct{ statusWriter }

func (s *unwrapWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

type upperWriter struct{ http.ResponseWriter }

func (u upperWriter) Write(p []byte) (int, error) { return u.ResponseWriter.Write(bytes.ToUpper(p)) }

type privateWriter struct {
	inner  http.ResponseWriter
	status int
	buf    bytes.Buffer
	h      http.Header
}

func (p *privateWriter) Header() http.Header {
	if p.h == nil {
		p.h = http.Header{}
	}
	return p.h
}
func (p *privateWriter) WriteHeader(c int)           { p.status = c }
func (p *privateWriter) Write(b []byte) (int, error) { return p.buf.Write(b) }

type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (g gzipWriter) Write(p []byte) (int, error) { return g.z.Write(p) }

func sortedHeader(h http.Header) string {
	keys := make([]string, 0)
	for k := range h {
		switch k {
		case "User-Agent", "X-Forwarded-For", "Date", "Traceparent", "X-Case":
			continue
		}
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%s=%q\n", k, h[k])
	}
	return b.String()
}

func describe(r *http.Request) string {
	ip, port, err := net.SplitHostPort(r.RemoteAddr)
	_, perr := strconv.Atoi(port)
	body, berr := io.ReadAll(r.Body)
	host := r.Host
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		host = host[:i]
	}
	u := r.URL
	return fmt.Sprintf("method=%s\npath=%q rawpath=%q rawquery=%q query=%v escaped=%q frag=%q force=%v opaque=%q scheme=%q uhost=%q user=%v\nproto=%s %d.%d\nlen=%d te=%v\nip=%s %v %v\nuri=%q host=%q tls=%v\nbody=%q %v\ntrailer=%v form=%v pattern=%q\n%s",
		r.Method, u.Path, u.RawPath, u.RawQuery, u.Query(), u.EscapedPath(), u.Fragment, u.ForceQuery, u.Opaque, u.Scheme, u.Host, u.User,
		r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength, r.TransferEncoding,
		ip, err, perr == nil, r.RequestURI, host, r.TLS == nil, body, berr, r.Trailer, r.Form, r.Pattern, sortedHeader(r.Header))
}

func fn(f func(w http.ResponseWriter, r *http.Request)) http.Handler { return http.HandlerFunc(f) }

func mw(name string) func(http.Handler) http.Handler {
	return func(n http.Handler) http.Handler {
		return fn(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("X-Chain", name)
			n.ServeHTTP(w, r)
		})
	}
}
