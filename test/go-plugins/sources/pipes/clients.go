package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"time"
)

var ClientRegisterer = &clients{}

type clients struct{ n int }

func (c *clients) RegisterClients(f func(name string, handler func(context.Context, map[string]interface{}) (http.Handler, error))) {
	f("c", func(ctx context.Context, extra map[string]interface{}) (http.Handler, error) {
		cs, _ := extra["case"].(string)
		jar, _ := cookiejar.New(nil)
		withJar := &http.Client{Jar: jar}
		tr := http.DefaultTransport.(*http.Transport).Clone()
		tr.MaxIdleConnsPerHost = 3
		own := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, DisableKeepAlives: true}, Timeout: 2 * time.Second}
		pass := func(w http.ResponseWriter, r *http.Request, cl *http.Client) {
			resp, err := cl.Do(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			defer resp.Body.Close()
			for k, hs := range resp.Header {
				for _, h := range hs {
					w.Header().Add(k, h)
				}
			}
			w.WriteHeader(resp.StatusCode)
			io.Copy(w, resp.Body)
		}
		var mu sync.Mutex
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch cs {
			case "default":
				pass(w, r, http.DefaultClient)
			case "own":
				pass(w, r, own)
			case "clone":
				pass(w, r, &http.Client{Transport: tr})
			case "jar":
				mu.Lock()
				defer mu.Unlock()
				u, _ := url.Parse(r.URL.String())
				u.Path = "/setcookie"
				rr, _ := http.NewRequestWithContext(r.Context(), "GET", u.String(), nil)
				if x, err := withJar.Do(rr); err == nil {
					io.Copy(io.Discard, x.Body)
					x.Body.Close()
				}
				pass(w, r, withJar)
			case "describe":
				_, dl := r.Context().Deadline()
				b, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, `{"d":%q}`, fmt.Sprintf("%s %s host=%s uri=%q scheme=%s uhost=%s remote=%q len=%d body=%q proto=%s deadline=%v in=%v xff=%v", r.Method, r.URL, r.Host, r.RequestURI, r.URL.Scheme, r.URL.Host, r.RemoteAddr, r.ContentLength, b, r.Proto, dl, r.Header["X-In"], len(r.Header["X-Forwarded-For"])))
			case "nothing":
			case "400":
				http.Error(w, "bad", 400)
			case "ignore":
				time.Sleep(1200 * time.Millisecond)
				io.WriteString(w, `{"late":1}`)
			case "panic":
				panic("client panics")
			case "twice":
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, `{"a":`)
				io.WriteString(w, `1}`)
				w.WriteHeader(500)
			case "tcp":
				c, err := net.DialTimeout("tcp", r.URL.Host, time.Second)
				if err != nil {
					http.Error(w, err.Error(), 500)
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(time.Second))
				fmt.Fprintf(c, "GET /a HTTP/1.0\r\n\r\n")
				b, err := io.ReadAll(c)
				fmt.Fprintf(w, `{"n":%v,"e":"%v"}`, len(b) > 0, err)
			}
		}), nil
	})
}
