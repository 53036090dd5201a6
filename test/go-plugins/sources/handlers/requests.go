package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

func requests(next http.Handler, upURL *url.URL) map[string]http.Handler {
	s := map[string]http.Handler{}
	sub, _ := fs.Sub(static, "static")
	s["describe"] = fn(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, describe(r)) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /m/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "id=%s pattern=%s", r.PathValue("id"), r.Pattern)
	})
	mux.HandleFunc("POST /m/{id}/x/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "post %s %s", r.PathValue("id"), r.PathValue("rest"))
	})
	mux.HandleFunc("/m/exact/{$}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "exact") })
	mux.HandleFunc("/sub/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "subtree "+r.URL.Path) })
	mux.Handle("/n/", next)
	s["mux"] = mux
	s["cookies"] = fn(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/", HttpOnly: true, MaxAge: 60, SameSite: http.SameSiteLaxMode})
		http.SetCookie(w, &http.Cookie{Name: "b", Value: "two words", Secure: true})
		c, err := r.Cookie("in")
		fmt.Fprintf(w, "%v %v %v", c, err, len(r.Cookies()))
	})
	s["form"] = fn(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q %q ", r.FormValue("a"), r.PostFormValue("b"), r.FormValue("none"))
		fmt.Fprintf(w, "form=%v post=%v", r.Form.Encode(), r.PostForm.Encode())
	})
	s["parseform"] = fn(func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseForm()
		fmt.Fprintf(w, "%v %v %v", err, r.Form, r.PostForm)
	})
	s["multipart"] = fn(func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseMultipartForm(1 << 20)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		f, head, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		all, _ := io.ReadAll(f)
		fmt.Fprintf(w, "%s %d %v %x %s", head.Filename, head.Size, head.Header, sha256.Sum256(all), r.FormValue("field"))
	})
	s["multipart-reader"] = fn(func(w http.ResponseWriter, r *http.Request) {
		mr, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		for {
			var p *multipart.Part
			p, err = mr.NextPart()
			if err != nil {
				break
			}
			n, _ := io.Copy(io.Discard, p)
			fmt.Fprintf(w, "%s %s %d\n", p.FormName(), p.FileName(), n)
		}
		fmt.Fprintf(w, "%v", err)
	})
	s["basic"] = fn(func(w http.ResponseWriter, r *http.Request) {
		u, p, ok := r.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(401)
			return
		}
		fmt.Fprint(w, u, p, r.UserAgent(), r.Referer())
	})
	s["maxbytes"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		b, err := io.ReadAll(r.Body)
		var m *http.MaxBytesError
		if errors.As(err, &m) {
			http.Error(w, fmt.Sprint(len(b), m.Limit, err), 413)
			return
		}
		fmt.Fprintf(w, "%q", b)
	})
	s["strip"] = http.StripPrefix("/n/x", fn(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%q %q", r.URL.Path, r.URL.RawPath) }))
	s["fileserver"] = http.FileServer(http.FS(sub))
	s["fileserverfs"] = http.StripPrefix("/files/", http.FileServerFS(sub))
	s["servecontent"] = fn(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.json", time.Unix(1700000000, 0), strings.NewReader(`{"a": "`+strings.Repeat("x", 2000)+`"}`))
	})
	s["proxy"] = httputil.NewSingleHostReverseProxy(upURL)
	s["proxy-rewrite"] = &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(upURL)
			pr.SetXForwarded()
			pr.Out.Header.Del("X-Forwarded-For")
			pr.Out.Header.Del("X-Forwarded-Host")
		},
		ModifyResponse: func(r *http.Response) error { r.Header.Set("X-Mod", "1"); return nil },
		FlushInterval:  -1,
	}
	s["dump"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("User-Agent")
		r.Header.Del("X-Forwarded-For")
		r.Host = "h"
		b, err := httputil.DumpRequest(r, true)
		fmt.Fprintf(w, "%s|%v", b, err)
	})
	s["copy"] = fn(func(w http.ResponseWriter, r *http.Request) { n, err := io.Copy(w, r.Body); _, _ = n, err })
	s["big-in"] = fn(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		fmt.Fprintf(w, "%d %v %s", n, err, hex.EncodeToString(h.Sum(nil)))
	})
	s["big-unread"] = fn(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.ContentLength) })
	s["echo-stream"] = fn(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.Copy(w, r.Body)
	})
	s["read-after-answer"] = fn(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "head|")
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v", len(b), err)
	})
	s["close-body"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.Body.Close()
		_, err := r.Body.Read(make([]byte, 1))
		fmt.Fprint(w, err)
	})
	s["read-twice"] = fn(func(w http.ResponseWriter, r *http.Request) {
		a, e1 := io.ReadAll(r.Body)
		b, e2 := io.ReadAll(r.Body)
		fmt.Fprint(w, len(a), e1, len(b), e2)
	})
	s["pathvalue"] = fn(func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("a", "b")
		fmt.Fprint(w, r.PathValue("a"), r.ProtoAtLeast(1, 1))
	})
	return s
}
